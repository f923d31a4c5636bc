/** The same members with the same types, without the brand: what somebody would build who skips a stage. */
export type LookAlike<T> = { readonly [K in keyof T as K extends string ? K : never]: T[K] }

/** The members by which a value of one of these types could be had, as they are or by a call. */
export type Yields<T, Wanted> = {
  [K in keyof T]: T[K] extends (...parameters: never[]) => infer R
    ? Awaited<R> extends Wanted
      ? K
      : never
    : T[K] extends Wanted
      ? K
      : never
}[keyof T]

export type IsNever<T> = [T] extends [never] ? true : false

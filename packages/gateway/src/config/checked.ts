import { z } from 'zod'
import type { Fault } from './problem.ts'

/** Text that one check has to accept; its fault arrives as a `custom` issue with `params.help`. */
export function checked(check: (text: string) => Fault | undefined): z.ZodString {
  return z.string().check((context) => {
    const fault = check(context.value)
    if (fault === undefined) return
    context.issues.push({ code: 'custom', message: fault.message, params: { help: fault.help }, input: context.value })
  })
}

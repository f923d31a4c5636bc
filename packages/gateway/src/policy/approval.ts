/** `@approval("group, N")`, the annotation of a permit that asks people first. Pure. */
import type { Approvers } from './decision.ts'

const maxGroupLength = 256
const maxCount = 20

/**
 * @param value of the annotation; null where it has none.
 * @returns what is wrong with it, as a string.
 */
export function parseApproval(value: string | null): Approvers | string {
  const comma = (value ?? '').lastIndexOf(',')
  const group = (value ?? '').slice(0, Math.max(comma, 0)).trim()
  const count = (value ?? '').slice(comma + 1).trim()
  if (comma === -1 || group === '' || !/^[0-9]{1,2}$/.test(count)) return 'is not of the form `@approval("group, 2")`'
  if (group.length > maxGroupLength || !group.isWellFormed() || /[\p{Cc}\p{Cf}]/u.test(group)) {
    return 'names a group that is too long or has invisible characters'
  }
  const people = Number(count)
  if (people < 1 || people > maxCount) return `asks for \`${count}\` people; ask for 1 to ${maxCount}`
  return { group, count: people }
}

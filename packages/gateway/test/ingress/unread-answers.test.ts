import { expect, test } from 'vitest'
import { UnreadAnswers } from '../../src/ingress/unread-answers.ts'

function answer(name: string, destroyed: string[]) {
  return { destroy: () => destroyed.push(name) }
}

test('threat 95: where too much waits in all, whoever began to wait first is cut off', () => {
  const destroyed: string[] = []
  const unread = new UnreadAnswers(100)
  const [first, second, third] = ['first', 'second', 'third'].map((name) => answer(name, destroyed)) as [
    ReturnType<typeof answer>,
    ReturnType<typeof answer>,
    ReturnType<typeof answer>,
  ]
  unread.set(first, 40)
  unread.set(second, 40)
  unread.set(first, 60)
  expect(destroyed).toEqual([])
  unread.set(third, 50)
  expect(destroyed).toEqual(['first'])
  unread.remove(first)
  unread.set(second, 51)
  expect(destroyed).toEqual(['first', 'second'])
  unread.remove(third)
  unread.set(first, 100)
  expect(destroyed).toEqual(['first', 'second'])
  unread.set(third, 101)
  expect(destroyed).toEqual(['first', 'second', 'first', 'third'])
})

/**
 * A command as a person writes it, in words: blanks part them, single and double quotes keep them together, a backslash
 * outside single quotes takes the next character as it is. Nothing is expanded. Undefined where a quote is not closed.
 */
export function wordsOf(text: string): readonly string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote: string | undefined
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index)
    if (character === '\\' && quote !== "'") {
      word = (word ?? '') + text.charAt(++index)
    } else if (character === quote) {
      quote = undefined
    } else if (quote === undefined && (character === '"' || character === "'")) {
      quote = character
      word ??= ''
    } else if (quote === undefined && /\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      word = (word ?? '') + character
    }
  }
  if (quote !== undefined) return undefined
  return word === undefined ? words : [...words, word]
}

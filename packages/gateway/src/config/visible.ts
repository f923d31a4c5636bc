/**
 * What could forge or hide a line on a terminal or in a log: C0 and C1 controls, DEL, line and paragraph separators,
 * bidirectional and zero-width characters, tags, variation selectors, and lone surrogates.
 */
const hidden =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Variation_Selector}\u115f\u1160\u3164\uffa0\u{e0000}-\u{e0fff}\ufff0-\ufff8]/gu

/**
 * Text of others, fit for one line of a terminal: every hidden character becomes `\u{…}`, a backslash is doubled, and
 * what is longer than `limit` characters is cut with `…`. Does not tell look-alike letters apart.
 */
export function visible(text: string, limit = 200): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text
  return cut
    .replaceAll('\\', '\\\\')
    .replace(hidden, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/** The same value as `json`, which is JSON, with every hidden character inside its strings as a JSON escape. */
export function visibleJson(json: string): string {
  return json.replace(hidden, (character) =>
    Array.from({ length: character.length }, (_, index) => {
      const unit = character.charCodeAt(index).toString(16).padStart(4, '0')
      return `\\u${unit}`
    }).join(''),
  )
}

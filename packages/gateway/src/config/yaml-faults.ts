import type { ErrorCode } from 'yaml'
import type { Fault } from './problem.ts'

const indentation = 'indent with spaces, the same number for what belongs together'
const braces = 'quote a text that holds braces, brackets, `: ` or ` #`'

const faults: Readonly<Record<ErrorCode, Fault>> = {
  ALIAS_PROPS: { message: 'an alias cannot have an anchor or a tag', help: 'write the value out' },
  BAD_ALIAS: { message: 'is not a well-formed alias', help: 'quote a text that starts with `*`' },
  BAD_COLLECTION_TYPE: { message: 'has a tag that does not fit it', help: 'remove the tag (`!…`)' },
  BAD_DIRECTIVE: { message: 'is not a well-formed YAML directive', help: 'remove the line that starts with `%`' },
  BAD_DQ_ESCAPE: {
    message: 'has an unknown escape in double quotes',
    help: 'write a backslash as `\\\\`, or use single quotes',
  },
  BAD_INDENT: { message: 'is not indented as what it belongs to', help: indentation },
  BAD_PROP_ORDER: {
    message: 'has anchor, tag and indicator in the wrong order',
    help: 'remove the anchor and the tag',
  },
  BAD_SCALAR_START: { message: 'is a text that starts with a reserved character', help: 'put it in quotes' },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'has a second `: ` on one line',
    help: 'quote the text, or put the mapping on lines of its own',
  },
  BLOCK_IN_FLOW: {
    message: 'has an indented block between braces or brackets',
    help: 'write all of it with braces, or none',
  },
  DUPLICATE_KEY: { message: 'this key stands here a second time', help: 'keep one of them' },
  IMPOSSIBLE: { message: 'cannot be read as YAML', help: 'look for a missing quote, brace or bracket before it' },
  KEY_OVER_1024_CHARS: {
    message: 'has a key of more than 1024 characters',
    help: 'look for a missing line break or quote',
  },
  MISSING_CHAR: {
    message: 'lacks a closing quote, or a space, comma or colon',
    help: 'look at this place and just before it',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'has a key that spans lines',
    help: `${indentation}; a missing \`:\` does this too`,
  },
  MULTIPLE_ANCHORS: { message: 'has several anchors', help: 'remove them' },
  MULTIPLE_DOCS: { message: 'a second document starts here', help: 'keep one document in the file (remove `---`)' },
  MULTIPLE_TAGS: { message: 'has several tags', help: 'remove them' },
  NON_STRING_KEY: { message: 'is not a text, but stands as a key', help: 'name the key by a plain word' },
  RESOURCE_EXHAUSTION: { message: 'is nested too deeply', help: 'use at most 24 levels' },
  TAB_AS_INDENT: { message: 'is indented with a tab', help: indentation },
  TAG_RESOLVE_FAILED: {
    message: 'has a tag that is not read',
    help: 'remove the tag, or quote a text that starts with `!`',
  },
  UNEXPECTED_TOKEN: { message: 'is not expected here', help: braces },
}

/** What is wrong with the syntax at this offset. Quotes nothing of the source. */
export function syntaxFault(code: ErrorCode, text: string, offset: number): Fault {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1
  const lineEnd = text.indexOf('\n', offset)
  const line = text.slice(lineStart, lineEnd === -1 ? undefined : lineEnd)
  if (code === 'UNEXPECTED_TOKEN' && line.includes('${')) {
    return {
      message: 'is not expected here',
      help: 'between braces or brackets put references in quotes, as in `"${NAME}"`',
    }
  }
  return faults[code]
}

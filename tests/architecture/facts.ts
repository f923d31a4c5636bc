/**
 * What one source file says, read from its syntax tree: its imports in every form, the ambient powers it uses, its
 * words and its casts. Complements dependency-cruiser, which misses `import('…').T` and computed imports.
 *
 * Does not see what a program composes at run time (`['a', 'b'].join('')`): the canary test is for that.
 */
import { parseSync } from '@swc/core'

export interface Import {
  /** Undefined where it is computed, so that nobody can tell. */
  readonly from: string | undefined
  /** As exported; `*` for the whole module, and for its side effects. */
  readonly names: readonly string[]
  readonly typeOnly: boolean
}

export interface Facts {
  readonly imports: readonly Import[]
  /** Ambient powers in use, such as `Date.now`, `Math.random`, `process.env`, `fetch` or `eval`. */
  readonly powers: ReadonlySet<string>
  /** Identifiers, keys, and strings with constant parts joined: everything in code that spells something. */
  readonly words: readonly string[]
  /** Names of types that something is asserted to be (`x as Intent`), `never` and `any` among them. */
  readonly casts: ReadonlySet<string>
}

interface Node {
  readonly type: string
  readonly [key: string]: unknown
}

interface Found {
  readonly imports: Import[]
  readonly powers: Set<string>
  readonly words: string[]
  readonly casts: Set<string>
  readonly bound: Set<string>
  readonly free: Set<string>
}

export function factsOf(code: string): Facts {
  const found: Found = {
    imports: [],
    powers: new Set(),
    words: [],
    casts: new Set(),
    bound: new Set(),
    free: new Set(),
  }
  walk(parseSync(code, { syntax: 'typescript', target: 'es2024' }) as unknown as Node, found)
  for (const name of found.free) found.powers.add(found.bound.has(name) ? `own ${name}` : name)
  return found
}

/** Globals that reach the network or a module, unless the file binds the name itself: a guarded fetch is passed as `fetch`. */
const bindable = new Set([
  'fetch',
  'WebSocket',
  'EventSource',
  'XMLHttpRequest',
  'BroadcastChannel',
  'navigator',
  'require',
])

/** Globals by which any other can be had, or text becomes code. */
const anything = new Set(['globalThis', 'global', 'eval', 'Function'])

/** Members of these that need no clock, no randomness and no environment. */
const harmless: Readonly<Record<string, ReadonlySet<string>>> = {
  Date: new Set(['parse', 'UTC']),
  Math: new Set(['abs', 'ceil', 'floor', 'log2', 'max', 'min', 'pow', 'round', 'sign', 'trunc']),
  performance: new Set(),
  process: new Set(),
}

function walk(node: Node, found: Found): void {
  visitors[node.type]?.(node, found)
  const { [nameSlots[node.type] ?? 'key']: named, ...rest } = skipped(node, found)
  const name = identifierOf(named)
  if (name !== undefined) found.words.push(name)
  for (const child of childrenOf(rest)) walk(child, found)
  if (isNode(named) && name === undefined) walk(named, found)
}

/** Where a node holds a mere name, which stands for no variable; in all others it is `key`. */
const nameSlots: Readonly<Record<string, string>> = {
  MemberExpression: 'property',
  SuperPropExpression: 'property',
  PrivateName: 'id',
  ImportSpecifier: 'imported',
  ExportSpecifier: 'exported',
  TsTypeReference: 'typeName',
  TsExpressionWithTypeArguments: 'expression',
  TsTypeQuery: 'exprName',
}

/** The node without the parts that its visitor has judged as a whole. */
function skipped(node: Node, found: Found): Readonly<Record<string, unknown>> {
  const member = memberOf(node)
  if (member !== undefined && member.object in harmless) {
    found.words.push(member.object)
    return { ...node, object: undefined }
  }
  const dated =
    node.type === 'NewExpression' && identifierOf(node.callee) === 'Date' && listOf(node.arguments).length > 0
  if (dated) return { ...node, callee: undefined }
  if (node.type === 'BinaryExpression' && node.operator === 'instanceof') return { ...node, right: undefined }
  if (node.type === 'ExportNamedDeclaration' && isNode(node.source)) return { ...node, specifiers: undefined }
  return node
}

type Visitor = (node: Node, found: Found) => void

const visitors: Readonly<Record<string, Visitor>> = {
  ImportDeclaration(node, found) {
    addImport(node, found, (specifier) => {
      if (specifier.type === 'ImportDefaultSpecifier') return 'default'
      if (specifier.type === 'ImportNamespaceSpecifier') return '*'
      return textOf(specifier.imported) ?? textOf(specifier.local) ?? '*'
    })
    for (const specifier of listOf(node.specifiers)) bind(specifier.local, found)
  },
  ExportNamedDeclaration(node, found) {
    if (isNode(node.source)) addImport(node, found, (specifier) => textOf(specifier.orig) ?? '*')
  },
  ExportAllDeclaration(node, found) {
    addImport(node, found, () => '*')
  },
  TsImportType(node, found) {
    const names = identifiersOf(node.qualifier)
    found.imports.push({
      from: textOf(node.argument),
      names: names.length === 0 ? ['*'] : [names[0] ?? '*'],
      typeOnly: true,
    })
  },
  CallExpression(node, found) {
    const callee = isNode(node.callee) ? node.callee : undefined
    if (callee?.type === 'Import') {
      const [first] = listOf(node.arguments)
      found.imports.push({ from: constantOf(first?.expression), names: ['*'], typeOnly: false })
    }
  },
  MemberExpression(node, found) {
    const member = memberOf(node)
    const allowed = member === undefined ? undefined : harmless[member.object]
    if (member !== undefined && allowed !== undefined && !allowed.has(member.property))
      found.powers.add(`${member.object}.${member.property}`)
    if (isNode(node.property) && (identifierOf(node.property) ?? computedOf(node.property)) === 'constructor')
      found.powers.add('.constructor')
    if (member?.object === 'import.meta') found.powers.add(`import.meta.${member.property}`)
  },
  Identifier(node, found) {
    const name = String(node.value)
    found.words.push(name)
    if (bindable.has(name)) found.free.add(name)
    if (anything.has(name) || name in harmless) found.powers.add(name)
  },
  StringLiteral: (node, found) => found.words.push(String(node.value)),
  TemplateElement: (node, found) => found.words.push(String(node.cooked ?? node.raw)),
  RegExpLiteral: (node, found) => found.words.push(String(node.pattern)),
  BinaryExpression: joined,
  TemplateLiteral: joined,
  TsAsExpression: cast,
  TsTypeAssertion: cast,
  VariableDeclarator: (node, found) => bindPattern(node.id, found),
  Parameter: (node, found) => bindPattern(node.pat, found),
  FunctionDeclaration: (node, found) => bind(node.identifier, found),
  ArrowFunctionExpression: bindParameters,
  TsFunctionType: bindParameters,
  TsMethodSignature: bindParameters,
}

function addImport(node: Node, found: Found, nameOf: (specifier: Node) => string): void {
  const from = textOf(node.source)
  const specifiers = listOf(node.specifiers)
  const isType = (specifier: Node): boolean => node.typeOnly === true || specifier.isTypeOnly === true
  const values = specifiers.filter((specifier) => !isType(specifier)).map(nameOf)
  const types = specifiers.filter(isType).map(nameOf)
  if (types.length > 0) found.imports.push({ from, names: types, typeOnly: true })
  if (values.length > 0 || specifiers.length === 0) {
    found.imports.push({ from, names: values.length > 0 ? values : ['*'], typeOnly: node.typeOnly === true })
  }
}

function joined(node: Node, found: Found): void {
  const text = constantOf(node)
  if (text !== undefined) found.words.push(text)
}

function cast(node: Node, found: Found): void {
  for (const name of identifiersOf(node.typeAnnotation)) found.casts.add(name)
  if (isNode(node.typeAnnotation) && /^(never|any)$/.test(String(node.typeAnnotation.kind)))
    found.casts.add(String(node.typeAnnotation.kind))
}

/** The string that an expression of constants spells, as far as `+` and templates go. */
function constantOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'StringLiteral') return String(node.value)
  if (node.type === 'ParenthesisExpression' || node.type === 'TsNonNullExpression') return constantOf(node.expression)
  if (node.type === 'BinaryExpression' && node.operator === '+')
    return concat([constantOf(node.left), constantOf(node.right)])
  if (node.type !== 'TemplateLiteral') return undefined
  const values = listOf(node.expressions).map(constantOf)
  return concat(
    listOf(node.quasis).flatMap((quasi, at) => [String(quasi.cooked ?? quasi.raw), ...values.slice(at, at + 1)]),
  )
}

function concat(parts: readonly (string | undefined)[]): string | undefined {
  return parts.includes(undefined) ? undefined : parts.join('')
}

function memberOf(node: Node): { readonly object: string; readonly property: string } | undefined {
  if (node.type !== 'MemberExpression' || !isNode(node.object) || !isNode(node.property)) return undefined
  const object = node.object.type === 'MetaProperty' ? 'import.meta' : identifierOf(node.object)
  const { property } = node
  const name = computedOf(property) ?? identifierOf(property)
  return object === undefined ? undefined : { object, property: name ?? '[computed]' }
}

function computedOf(property: Node): string | undefined {
  return property.type === 'Computed' ? constantOf(property.expression) : undefined
}

function bindParameters(node: Node, found: Found): void {
  for (const parameter of listOf(node.params)) bindPattern(parameter, found)
}

function bindPattern(pattern: unknown, found: Found): void {
  if (!isNode(pattern)) return
  bind(pattern, found)
  for (const property of listOf(pattern.properties)) {
    bind(property.key, found)
    bindPattern(property.value, found)
  }
  for (const element of listOf(pattern.elements)) bindPattern(element, found)
  bindPattern(pattern.left, found)
}

function bind(node: unknown, found: Found): void {
  const name = identifierOf(node)
  if (name !== undefined) found.bound.add(name)
}

function identifierOf(node: unknown): string | undefined {
  return isNode(node) && node.type === 'Identifier' ? String(node.value) : undefined
}

/** The names in a type or a qualified name, from left to right. */
function identifiersOf(node: unknown): readonly string[] {
  if (!isNode(node)) return []
  const own = identifierOf(node)
  return own === undefined ? childrenOf(node).flatMap(identifiersOf) : [own]
}

function textOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'TsLiteralType') return textOf(node.literal)
  return typeof node.value === 'string' ? node.value : undefined
}

function childrenOf(node: Readonly<Record<string, unknown>>): readonly Node[] {
  return Object.values(node).flatMap((value) => (Array.isArray(value) ? value.flatMap(unwrapped) : unwrapped(value)))
}

/** Arguments, elements, and the functions of methods stand in objects without a type of their own. */
function unwrapped(value: unknown): readonly Node[] {
  if (isNode(value)) return [value]
  return typeof value === 'object' && value !== null ? childrenOf({ ...value }) : []
}

function listOf(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.filter((item): item is Node => typeof item === 'object' && item !== null) : []
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

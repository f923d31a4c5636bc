/** What a child may know of our own environment: where programs are and where it may write. Nothing else, above all no secret. */
const inheritable = ['PATH', 'HOME', 'TMPDIR', 'LANG'] as const

export type Environment = Readonly<Record<string, string | undefined>>

/** The child's whole environment (threat 32): the allow-list, what is configured, and the credential, which wins. */
export function childEnvironment(
  own: Environment,
  configured: Environment,
  credential: Environment,
): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const name of inheritable) assign(environment, name, own[name])
  for (const name of Object.keys(configured)) assign(environment, name, configured[name])
  for (const name of Object.keys(credential)) assign(environment, name, credential[name])
  return environment
}

function assign(environment: Record<string, string>, name: string, value: string | undefined): void {
  if (value !== undefined) environment[name] = value
}

import { createLeakDetector } from '@sallyport/guard'
import type { SecretDetector } from './port.ts'

/**
 * Finds any of these secrets, whole, in every encoding the guard's detector covers. Whole, not by window: two tokens of
 * one issuer share a head, and an answer that holds another token is not a leak of ours.
 */
export function detectorOf(secrets: readonly string[]): SecretDetector | undefined {
  const detectors = secrets
    .filter((secret) => secret !== '')
    .map((secret) => createLeakDetector(secret, { window: 'whole' }))
  const first = detectors[0]
  if (first === undefined) return undefined
  return detectors.length === 1 ? first : new AnyOf(detectors)
}

/** Tokens of one upstream that may still be good somewhere, the newest last. */
const maxRecent = 4

/** Finds the newest of an upstream's secrets, whichever of them a call was made with. */
export class RecentSecrets implements SecretDetector {
  #detectors: readonly SecretDetector[] = []

  add(secret: string): void {
    this.#detectors = [...this.#detectors.slice(1 - maxRecent), createLeakDetector(secret, { window: 'whole' })]
  }

  matches(bytes: Uint8Array): boolean {
    return this.#detectors.some((detector) => detector.matches(bytes))
  }
}

class AnyOf implements SecretDetector {
  readonly #detectors: readonly SecretDetector[]

  constructor(detectors: readonly SecretDetector[]) {
    this.#detectors = detectors
  }

  matches(bytes: Uint8Array): boolean {
    for (const detector of this.#detectors) if (detector.matches(bytes)) return true
    return false
  }
}

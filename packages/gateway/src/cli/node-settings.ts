/**
 * Settings of Node that only its command line takes, for the gateway's own process.
 *
 * `--disable-sigusr1`: a stdio child runs as the same user, and could otherwise start a debugger in us (threat 34). The
 * others are about speed: room for short-lived objects from the start and always the same, as V8 takes finished requests
 * for long-lived while it makes that room; and their collection by the one thread that is busy anyway.
 */
const settings = ['--disable-sigusr1', '--min-semi-space-size=32', '--max-semi-space-size=32', '--single-threaded-gc']

/**
 * Becomes the same program with these settings: same process id, same arguments, same environment. Does nothing where it
 * has them, or where the system cannot replace a process.
 */
export function takeNodeSettings(): void {
  const given = new Set(process.execArgv.map(nameOf))
  const missing = settings.filter((setting) => !given.has(nameOf(setting)))
  if (missing.length === 0 || process.platform === 'win32' || process.execve === undefined) return
  const args = [process.execPath, ...process.execArgv, ...missing, ...process.argv.slice(1)]
  process.execve(process.execPath, args, process.env)
}

function nameOf(setting: string): string {
  return setting.split('=', 1)[0] ?? setting
}

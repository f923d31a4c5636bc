/**
 * Settings of Node that only its command line takes, for the gateway's own process.
 *
 * `--disable-sigusr1`: a stdio child runs as the same user, and could otherwise start a debugger in us (threat 34).
 * The others cost less CPU a call: finished requests are collected before they are taken for long-lived, and by the one
 * thread that is busy anyway (docs/performance.md).
 */
const settings = ['--disable-sigusr1', '--max-semi-space-size=32', '--single-threaded-gc']

/**
 * Becomes the same program with these settings: same process id, same arguments, same environment. Does nothing where it
 * has them, or where the system cannot replace a process.
 */
export function takeNodeSettings(): void {
  const { execve, execArgv, execPath, argv, env } = process
  const missing = settings.filter((setting) => !execArgv.includes(setting))
  if (missing.length === 0 || typeof execve !== 'function' || process.platform === 'win32') return
  execve.call(process, execPath, [execPath, ...execArgv, ...missing, ...argv.slice(1)], env)
}

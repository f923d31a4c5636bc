import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../packages/gateway/src/demo/ports.ts'

const places = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/bin/nginx', '/opt/homebrew/bin/nginx']

/** Undefined where nginx is not installed. */
export function findNginx(): string | undefined {
  return places.find((place) => existsSync(place))
}

export interface Nginx {
  readonly child: ChildProcess
  readonly url: string
}

/** `proxy_pass` with kept-alive connections to the upstream, whose credential it sets; one worker, no logs. */
export async function startNginx(
  binary: string,
  folder: string,
  upstream: URL,
  credential: string,
  connections: number,
): Promise<Nginx> {
  const port = await freePort()
  const place = path.join(folder, 'nginx')
  mkdirSync(place, { mode: 0o700 })
  const file = path.join(place, 'nginx.conf')
  writeFileSync(file, configuration(place, port, upstream, credential, connections), { mode: 0o600 })
  const child = spawn(binary, ['-p', place, '-c', file, '-e', path.join(place, 'error.log')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await accepts(port)
  return { child, url: `http://127.0.0.1:${port}` }
}

function configuration(place: string, port: number, upstream: URL, credential: string, connections: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${place}/${name};`,
  )
  return `
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${place}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  ${temporary.join('\n  ')}
  keepalive_requests 100000000;
  upstream bench { server ${upstream.host}; keepalive ${connections * 2}; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port};
    location /mcp/bench {
      proxy_pass http://bench${upstream.pathname};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer ${credential}";
    }
  }
}
`
}

async function accepts(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    if (await connects(port)) return
    await sleep(50)
  }
  throw new Error(`nginx does not listen on port ${port} after 5 s`)
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const end = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}

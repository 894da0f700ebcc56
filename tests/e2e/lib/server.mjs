// A real server process for one test file: own data folder, free ports, stopped by its pid.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

export const root = resolve(import.meta.dirname, '../../..');
export const binary = process.env.TONGKE_BINARY ?? join(root, 'build/release/tongke');

// Starting takes well under a second; sanitizer builds and a busy machine need more.
const READY_LIMIT_MS = 30_000;

export class Server {
  static async start({ data = mkdtempSync(join(tmpdir(), 'tongke-e2e-')), httpPort = 0, mediaPort = 0, args = ['--demo'], config = null,
    publicAddress = '127.0.0.1' } = {}) {
    const file = join(data, 'tongke.toml');
    if (config !== null) writeFileSync(file, config);
    const child = spawn(binary, ['serve', '--data', data, '--http-port', String(httpPort), '--media-port', String(mediaPort),
      '--public-address', publicAddress, ...(config === null ? [] : ['--config', file]), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const server = new Server();
    Object.assign(server, { child, data, log: [] });
    createInterface({ input: child.stderr }).on('line', (line) => server.log.push(line));
    server.exited = new Promise((done) => child.on('exit', (code, signal) => done({ code, signal })));
    const ready = new Promise((done, fail) => {
      createInterface({ input: child.stdout }).once('line', (line) => done(JSON.parse(line)));
      child.once('exit', (code) => fail(new Error(`server ended with ${code}\n${server.log.join('\n')}`)));
      setTimeout(() => fail(new Error(`server not ready\n${server.log.join('\n')}`)), READY_LIMIT_MS).unref();
    });
    Object.assign(server, await ready);
    server.links = args.includes('--demo') ? JSON.parse(readFileSync(join(data, 'demo-links.json'), 'utf8')) : null;
    return server;
  }

  token(role, extra = []) {
    return execFileSync(binary, ['admin', 'token', '--data', this.data, '--lesson', this.lesson, '--role', role, ...extra],
      { encoding: 'utf8' }).trim();
  }

  async stop(signal = 'SIGTERM') {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    return this.exited;
  }

  cleanUp() {
    rmSync(this.data, { recursive: true, force: true });
  }
}

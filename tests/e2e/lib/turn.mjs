// Debian's coturn on loopback, configured by configs/turnserver.conf.example with nothing but addresses, ports, secret and
// certificate put in.
import { execFileSync, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pollInterval } from 'node:timers/promises';
import { freeTcpPort } from './ports.mjs';
import { root } from './server.mjs';

const READY_LIMIT_MS = 20_000;

const accepts = (port) => new Promise((done) => {
  const probe = connect(port, '127.0.0.1');
  probe.once('connect', () => { probe.destroy(); done(true); });
  probe.once('error', () => done(false));
});

export class TurnServer {
  static async start() {
    const folder = mkdtempSync(join(tmpdir(), 'tongke-turn-'));
    const turn = Object.assign(new TurnServer(), { folder, secret: randomBytes(32).toString('hex'), log: '',
      port: await freeTcpPort(), tlsPort: await freeTcpPort(), secretFile: join(folder, 'turn-secret') });
    writeFileSync(turn.secretFile, `${turn.secret}\n`, { mode: 0o600 });
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
      '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')],
    { stdio: 'ignore' });
    writeFileSync(join(folder, 'turnserver.conf'), turn.configuration(), { mode: 0o600 });
    await turn.run();
    return turn;
  }

  async run() {
    this.child = spawn('turnserver', ['-c', join(this.folder, 'turnserver.conf')], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.exited = new Promise((done) => this.child.on('exit', done));
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (chunk) => { this.log += chunk; });
    const deadline = Date.now() + READY_LIMIT_MS;
    while (!(await accepts(this.port) && await accepts(this.tlsPort))) {
      if (this.child.exitCode !== null || Date.now() > deadline) {
        await this.stop();
        throw new Error(`coturn does not answer\n${this.log}`);
      }
      await pollInterval(100);
    }
  }

  configuration() {
    const here = { 'listening-ip': '127.0.0.1', 'relay-ip': '127.0.0.1', 'allowed-peer-ip': '127.0.0.1', 'listening-port': this.port,
      'tls-listening-port': this.tlsPort, 'static-auth-secret': this.secret, cert: join(this.folder, 'cert.pem'),
      pkey: join(this.folder, 'key.pem') };
    let text = readFileSync(join(root, 'configs/turnserver.conf.example'), 'utf8');
    for (const [key, value] of Object.entries(here)) {
      const line = new RegExp(`^${key}=.*$`, 'm');
      if (!line.test(text)) throw new Error(`the example does not set ${key}`);
      text = text.replace(line, `${key}=${value}`);
    }
    // Only here is the peer on loopback.
    return `${text}allow-loopback-peers\nuserdb=${join(this.folder, 'turndb')}\npidfile=${join(this.folder, 'pid')}\n`;
  }

  urls() {
    return { UDP: `turn:127.0.0.1:${this.port}?transport=udp`, TCP: `turn:127.0.0.1:${this.port}?transport=tcp`,
      TLS: `turns:127.0.0.1:${this.tlsPort}?transport=tcp` };
  }

  // As Tongke makes it, by other code.
  credential(expiryS, secret = this.secret) {
    const username = `${expiryS}:test`;
    return { username, credential: createHmac('sha1', secret).update(username).digest('base64') };
  }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM');
    await this.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

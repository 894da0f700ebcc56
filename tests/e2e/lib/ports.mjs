// Ports that are free now, for a server that must come back on the same ones.
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';

export const freeTcpPort = () => new Promise((done, fail) => {
  const probe = createServer();
  probe.once('error', fail);
  probe.listen(0, '127.0.0.1', () => { const { port } = probe.address(); probe.close(() => done(port)); });
});

export const freeUdpPort = () => new Promise((done, fail) => {
  const probe = createSocket('udp4');
  probe.once('error', fail);
  probe.bind(0, '127.0.0.1', () => { const { port } = probe.address(); probe.close(() => done(port)); });
});

import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

// In `--mode mock` the page talks to an invented server inside the browser (dev/mock.ts): a look at every page needs
// no server, and nothing of it can reach a production build.
function mockServer(): Plugin {
  return {
    name: 'mock-server',
    transformIndexHtml: () => [
      { tag: 'script', attrs: { type: 'module', src: '/dev/mock.ts' }, injectTo: 'head-prepend' },
    ],
  };
}

export default defineConfig(({ mode }) => ({
  plugins: [react(), ...(mode === 'mock' ? [mockServer()] : [])],
  build: {
    target: 'es2022',
    manifest: true,
    // Source maps are published: schools and bureaus may read what runs on their machines.
    sourcemap: true,
    assetsInlineLimit: 2048,
    // Many small files cost a far school a round trip each.
    rollupOptions: { output: { experimentalMinChunkSize: 20_000 } },
  },
  server: { host: '127.0.0.1', strictPort: true, port: 5173 },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
}));

// What a class downloads before its first picture: every script and style sheet that /lesson/:id/class needs, gzipped.
// Run after `npm run build`. Fails above the limit, and when the player or the library got into the class page.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

// On a 1 Mbit/s line this is under two seconds.
const LIMIT_BYTES = 200 * 1024;
const ENTRY = 'index.html';
const CLASS_PAGE = 'src/pages/class_screen.tsx';
const NOT_HERE = [/pages\/(player|library|gallery|check|teach)\.tsx$/];

const dist = new URL('../dist/', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

function needs(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  const chunk = manifest[key];
  if (chunk === undefined) throw new Error(`${key} is not in the build's manifest`);
  seen.add(key);
  for (const one of chunk.imports ?? []) needs(one, seen);
  return seen;
}

const chunks = needs(CLASS_PAGE, needs(ENTRY));
const files = new Set([...chunks].flatMap((key) => [manifest[key].file, ...(manifest[key].css ?? [])]));
let total = gzipSync(readFileSync(new URL('index.html', dist))).length;
for (const file of files) {
  const size = gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
  total += size;
  console.log(`${String(size).padStart(8)}  ${file}`);
}
const strangers = [...chunks].filter((key) => NOT_HERE.some((pattern) => pattern.test(key)));
console.log(`${String(total).padStart(8)}  in all, of at most ${LIMIT_BYTES}`);
if (strangers.length > 0) console.error(`the class page loads ${strangers.join(', ')}`);
if (total > LIMIT_BYTES) console.error('the class page is too large');
process.exit(strangers.length > 0 || total > LIMIT_BYTES ? 1 : 0);

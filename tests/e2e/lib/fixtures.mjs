// What the cameras and microphones of the test show and say: moving pictures from GStreamer, speech from espeak-ng.
// Made once per machine into build/e2e-fixtures.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './server.mjs';

const folder = join(root, 'build/e2e-fixtures');

const SPEECH = {
  teacher: ['zh', '同学们好，今天我们一起学习分数的初步认识。请大家看大屏幕上的图形，把一个苹果平均分成两份，每一份是它的二分之一。'],
  'class-a': ['en', 'We are the children of the first class. One half and one half make one whole apple, and we counted them all.'],
  'class-b': ['en', 'Good morning teacher, here is the second class, we can hear you very well and we have a question about thirds.'],
};

function once(file, make) {
  const path = join(folder, file);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    make(`${path}.part`);
    renameSync(`${path}.part`, path);
  }
  return path;
}

const gst = (pipeline) => execFileSync('gst-launch-1.0', ['-q', ...pipeline.split(' ')], { stdio: ['ignore', 'ignore', 'inherit'] });

export function camera(name) {
  const pattern = { teacher: 'ball', 'class-a': 'smpte', 'class-b': 'smpte100' }[name];
  // Ten seconds of 15 frames a second, looped by the browser. A ball, or bars that wander: all move.
  return once(`${name}.mjpeg`, (path) => gst(
    `videotestsrc pattern=${pattern} num-buffers=150 horizontal-speed=4 ! video/x-raw,width=1280,height=720,framerate=15/1`
    + ` ! jpegenc quality=80 ! filesink location=${path}`));
}

export function microphone(name) {
  return once(`${name}.wav`, (path) => {
    const raw = `${path}.raw.wav`;
    execFileSync('espeak-ng', ['-v', SPEECH[name][0], '-s', '150', '-w', raw, SPEECH[name][1]]);
    gst(`filesrc location=${raw} ! wavparse ! audioconvert ! audioresample ! audio/x-raw,format=S16LE,rate=48000,channels=1 ! wavenc ! filesink location=${path}`);
  });
}

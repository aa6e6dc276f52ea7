'use strict';
// What both Node servers share: messages, and a control port on which every line publishes one.
const net = require('node:net');

const BYTES = Number(process.argv[2] ?? 200);
const NOISE = 65536;
const noise = makeNoise(NOISE + BYTES);
let offset = 0;

/** Text that compresses about as prose does, the same for all servers: slices of one long noise of 16 letters. */
function makeNoise(size) {
  let state = 1;
  return Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return 'etaoinshrdlucmf '[state >>> 28];
  }).join('');
}

/** The next message: a publication that carries the time it was to be sent. */
function next(sent) {
  const message = { type: 'publication', channel: 'session:bench', offset: ++offset, data: { sent, text: '' } };
  const at = (offset * 7919) % NOISE;
  message.data.text = noise.slice(at, at + Math.max(0, BYTES - JSON.stringify(message).length));
  return message;
}

function control(publish, ready) {
  const server = net.createServer((socket) => {
    let rest = '';
    socket.setNoDelay(true);
    socket.on('data', (data) => {
      const lines = (rest + data).split('\n');
      rest = lines.pop();
      for (const line of lines) publish(next(line));
    });
    socket.on('close', () => process.exit(0));
  });
  server.listen(0, '127.0.0.1', () => ready(server.address().port));
}

module.exports = { control };

'use strict';
// What both Node servers share: messages, and a control port on which every line publishes one.
const net = require('node:net');

const BYTES = Number(process.argv[2] ?? 200);
let offset = 0;

/** The next message: a publication that carries the time it was to be sent. */
function next(sent) {
  const message = { type: 'publication', channel: 'session:bench', offset: ++offset, data: { sent, text: '' } };
  message.data.text = 'x'.repeat(Math.max(0, BYTES - JSON.stringify(message).length));
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

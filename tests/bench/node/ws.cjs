'use strict';
// The `ws` package as its own documentation broadcasts: one buffer, sent to each open client. With `deflate` as
// second argument it compresses as it can: for each connection apart (without context, as the hub does).
const { WebSocket, WebSocketServer } = require('ws');
const { control } = require('./peer.cjs');

const perMessageDeflate = process.argv[3] === 'deflate' && {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  threshold: 256,
};
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate, backlog: 4096 });
server.on('connection', (socket) => socket.on('message', () => socket.send('{"type":"reply"}')));

function publish(message) {
  const data = Buffer.from(JSON.stringify(message));
  for (const client of server.clients) {
    if (client.readyState === WebSocket.OPEN) client.send(data, { binary: false });
  }
}

server.on('listening', () => control(publish, (port) => console.log('ready', server.address().port, port)));

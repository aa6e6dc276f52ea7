'use strict';
// Socket.IO by WebSocket alone, everybody in one room.
const { createServer } = require('node:http');
const { Server } = require('socket.io');
const { control } = require('./peer.cjs');

const http = createServer();
const io = new Server(http, { transports: ['websocket'], serveClient: false });
io.on('connection', (socket) => {
  socket.join('session:bench');
  socket.emit('reply');
});

const publish = (message) => io.to('session:bench').emit('publication', message);

http.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () =>
  control(publish, (port) => console.log('ready', http.address().port, port)),
);

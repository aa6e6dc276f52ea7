#!/bin/sh
# Starts coturn with turnserver.conf beside this file and what is only known now: the port, the secret that the
# server made at its first start, and the public address when there is one. The secret stays out of `ps`.
set -eu
umask 077
conf="$COTURN_RUN/turnserver.conf"
{
	cat "$(dirname "$0")/turnserver.conf"
	echo "listening-port=$MULTAQA_TURN_PORT"
	echo "pidfile=$COTURN_RUN/turnserver.pid"
	echo "userdb=$COTURN_RUN/turndb"
	echo "static-auth-secret=$(cat "$MULTAQA_TURN_SECRET_FILE")"
	if [ -n "${MULTAQA_MEDIA_ADDRESS:-}" ]; then
		# Behind NAT the relay is reached by the public address, and must itself reach the media there.
		echo "external-ip=$MULTAQA_MEDIA_ADDRESS"
		echo "allowed-peer-ip=$MULTAQA_MEDIA_ADDRESS"
	fi
} >"$conf"
exec turnserver -c "$conf"

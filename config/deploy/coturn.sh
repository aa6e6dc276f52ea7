#!/bin/sh
# Starts coturn with turnserver.conf beside this file and what is only known now: the ports, the secret that the
# server made at its first start, the addresses of media, and the proxy's certificate. The secret stays out of `ps`.
set -eu
umask 077
conf="$COTURN_RUN/turnserver.conf"
again="$COTURN_RUN/again"
host="${MULTAQA_PUBLIC_URL#*://}"
host="${MULTAQA_TURN_NAME:-${host%%[:/]*}}"
own="$(hostname -I)"

configure() {
	cat "$(dirname "$0")/turnserver.conf"
	echo "listening-port=$MULTAQA_TURN_PORT"
	echo "pidfile=$COTURN_RUN/turnserver.pid"
	echo "userdb=$COTURN_RUN/turndb"
	echo "static-auth-secret=$(cat "$MULTAQA_TURN_SECRET_FILE")"
	for address in $own; do
		echo "allowed-peer-ip=$address"
	done
	# Behind NAT the relay is reached by the public address, and must itself reach the media there.
	external=
	for address in $(echo "${MULTAQA_MEDIA_ADDRESS:-}" | tr , ' '); do
		case " $own " in *" $address "*) continue ;; esac
		echo "allowed-peer-ip=$address"
		[ -n "$external" ] || echo "external-ip=$address"
		external=1
	done
	if [ -f "$COTURN_RUN/certificate" ]; then
		echo "tls-listening-port=$MULTAQA_TURNS_PORT"
		echo "cert=$COTURN_RUN/certificate"
		echo "pkey=$COTURN_RUN/key"
	else
		echo no-tls
	fi
	if [ "$(id -u)" = 0 ]; then
		# Root reads the secret and the certificate; nobody talks to strangers.
		echo proc-user=nobody
		echo proc-group=nogroup
	fi
}

# Copy the proxy's certificate when there is another one; the proxy gets and renews it in its own time.
take_certificate() {
	found="$(find "${MULTAQA_CERTIFICATES:-/nowhere}" -name "$host.crt" 2>/dev/null | head -n 1)"
	[ -n "$found" ] && [ -f "${found%.crt}.key" ] || return 1
	cmp -s "$found" "$COTURN_RUN/certificate" && return 1
	cp "${found%.crt}.key" "$COTURN_RUN/key"
	cp "$found" "$COTURN_RUN/certificate"
	[ "$(id -u)" != 0 ] || chown nobody "$COTURN_RUN/key" "$COTURN_RUN/certificate"
}

watch_certificate() {
	while [ ! -f "$COTURN_RUN/certificate" ]; do
		sleep 2
		! take_certificate || { touch "$again" && kill "$1"; }
	done
	while sleep 60; do
		! take_certificate || kill -USR2 "$1" # reads it anew; nobody is cut off
	done
}

rm -f "$again"
: >"$COTURN_RUN/turndb"
# Its database is opened again by nobody; one made by root would refuse the first who come.
[ "$(id -u)" != 0 ] || chown nobody "$COTURN_RUN" "$COTURN_RUN/turndb"
take_certificate || true
relay=
watcher=
trap 'kill $relay $watcher 2>/dev/null || true' TERM INT
while :; do
	configure >"$conf"
	turnserver -c "$conf" &
	relay=$!
	watch_certificate "$relay" >/dev/null 2>&1 & # its sleep must not hold our output open
	watcher=$!
	code=0
	wait "$relay" || code=$?
	kill "$watcher" 2>/dev/null || true
	[ -e "$again" ] || exit "$code"
	rm -f "$again"
done

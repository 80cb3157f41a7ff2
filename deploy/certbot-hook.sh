#!/bin/sh
# A deploy hook of certbot, which sets RENEWED_LINEAGE: gives the server a renewed certificate. Put it into
# /etc/letsencrypt/renewal-hooks/deploy/fdmux, and make it executable.
set -eu
folder=${FDMUX_CERTIFICATES:-/etc/fdmux}
# The group of the server's user: certbot's key is for root alone, and the server does not run as root.
group=${FDMUX_GROUP:-fdmux}
umask 077
for name in fullchain.pem privkey.pem; do
  install -m 0640 -g "$group" "$RENEWED_LINEAGE/$name" "$folder/$name.new"
done
# Complete files take the place of the old ones, so that the server never reads half of one.
for name in fullchain.pem privkey.pem; do
  mv "$folder/$name.new" "$folder/$name"
done
${FDMUX_RELOAD:-systemctl reload fdmux}

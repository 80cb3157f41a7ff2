/**
 * Prints the frames of a CAN bus, and sends one: `ip link add vcan0 type vcan && ip link set vcan0 up` makes a bus
 * without a wire.
 *
 * npm run example can-dump vcan0 123 deadbeef
 */
import { AF_CAN, bindDatagram, CAN, canAddress, type CanFrame, decodeCanFrame, encodeCanFrame, Socket } from 'fdmux';

const [bus = 'vcan0', id, data = ''] = process.argv.slice(2);

function show(frame: CanFrame): string {
  const kind = frame.isError ? ' (error)' : frame.isRemote ? ' (asks for it)' : '';
  return `${frame.id.toString(16)}#${frame.data.toString('hex')}${kind}`;
}

async function main(): Promise<void> {
  const socket = Socket.create({ family: AF_CAN, type: 'raw', protocol: CAN.CAN_RAW });
  // The frames that this socket sends arrive here, too.
  socket.setsockopt(CAN.SOL_CAN_RAW, CAN.CAN_RAW_RECV_OWN_MSGS, 1);
  socket.setsockopt(CAN.SOL_CAN_RAW, CAN.CAN_RAW_FD_FRAMES, 1);
  socket.bind(canAddress(bus));
  await bindDatagram({
    fd: socket.fd,
    socket: {
      message: (_, bytes) => {
        const frame = decodeCanFrame(bytes);
        if (frame !== null) console.log(show(frame));
      },
    },
  });
  console.log(`listening to ${bus}`);
  if (id !== undefined) socket.send(encodeCanFrame({ id: parseInt(id, 16), data: Buffer.from(data, 'hex') }));
}

void main();

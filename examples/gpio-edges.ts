/**
 * Prints the edges of a line of a GPIO chip: a button, a sensor.
 *
 * npm run example gpio-edges /dev/gpiochip0 17
 */
import { decodeGpioLineEvents, Descriptor, encodeGpioLineRequest, GPIO, gpioLineFd, serve } from 'fdmux';

const [path = '/dev/gpiochip0', line = '17'] = process.argv.slice(2);

function requestLine(): Descriptor {
  const request = encodeGpioLineRequest({
    lines: [Number(line)],
    flags: GPIO.GPIO_V2_LINE_FLAG_INPUT | GPIO.GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO.GPIO_V2_LINE_FLAG_EDGE_FALLING,
    consumer: 'gpio-edges',
  });
  const chip = Descriptor.open(path);
  try {
    chip.ioctl(GPIO.GPIO_V2_GET_LINE_IOCTL, request);
  } finally {
    chip.close();
  }
  return Descriptor.fromFd(gpioLineFd(request));
}

serve(requestLine(), {
  data: (_, bytes) => {
    for (const event of decodeGpioLineEvents(bytes)) {
      console.log(`${event.edge} edge of line ${event.line} at ${Number(event.timeNs) / 1e9} s`);
    }
  },
  close: (_, error) => console.log(error?.message ?? 'the chip has gone'),
});
console.log(`watching line ${line} of ${path}`);

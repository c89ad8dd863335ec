// The command that another one starts: `sudo timeout 5 env A=b cat x` is `cat x`.

const WRAPPERS: Readonly<Record<string, RegExp>> = {
  // Each with its options that take a value.
  sudo: /^-[ughpC]$/,
  doas: /^-[uC]$/,
  env: /^-[uCS]$/,
  command: /^$/,
  builtin: /^$/,
  exec: /^-a$/,
  nohup: /^$/,
  setsid: /^$/,
  time: /^-[fo]$/,
  nice: /^-n$/,
  ionice: /^-[cn]$/,
  stdbuf: /^$/,
  timeout: /^-[ks]$/,
  busybox: /^$/,
  xargs: /^-[IndPLsEa]$/,
  unbuffer: /^$/,
  proxychains: /^-f$/,
  unshare: /^-[mRSG]$/,
  chroot: /^$/,
  setpriv: /^$/,
  flock: /^-[wE]$/,
  taskset: /^$/,
  chrt: /^$/,
  fakeroot: /^-[ls]$/,
  numactl: /^$/,
  coproc: /^$/,
  parallel: /^-[jIN]$/,
};
/** Words of their own before the command. */
const FIRST: Readonly<Record<string, number>> = { timeout: 1, chroot: 1, flock: 1, taskset: 1, chrt: 1 };
const MOST = 8;

export function unwrapped(words: readonly string[]): readonly string[] {
  let left = words;
  for (let wrapped = 0; wrapped < MOST; wrapped += 1) {
    const name = (left[0] ?? '').replace(/^.*\//, '');
    const valued = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined;
    if (valued === undefined) return left;
    let at = 1;
    while (at < left.length && (left[at]!.startsWith('-') || /^[A-Za-z_]\w*=/.test(left[at]!)))
      at += valued.test(left[at]!) ? 2 : 1;
    at += FIRST[name] ?? 0;
    // `command -v curl` asks whether there is one.
    if (at >= left.length || (name === 'command' && /^-[vV]$/.test(left[1] ?? ''))) return [name];
    left = left.slice(at);
  }
  return left;
}

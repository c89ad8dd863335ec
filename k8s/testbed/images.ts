// Images from local files, without Docker and without a registry: an OCI layout in a tar archive, as `ctr images import` takes it.
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { arch } from 'node:process';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { makeWorkFolder } from '../../infra/process/work-folder.ts';
import { failure } from './failure.ts';
import { createTar, type TarWriter } from './tar.ts';

export interface LayerSource {
  /** A file or folder of this machine. */
  readonly from: string;
  /** The absolute path it has in the image. */
  readonly to: string;
  /** Paths below a folder, relative to it, that are left out with all that is in them. */
  readonly skip?: (relative: string) => boolean;
}

/** What is in one layer. Few are better than many: a node unpacks each by itself, and one without overlays copies all that is below it. */
export type Layer = readonly LayerSource[];

export interface ImagePlan {
  /** `anneal.testbed/trainer-cpu:dev`. A tag other than `latest`, or the kubelet wants to pull it. */
  readonly name: string;
  /** From the lowest. Images of an archive that begin with the same ones (the same objects) have them in common. */
  readonly rootfs?: readonly Layer[];
  /** Small files by their absolute path, in a layer of their own above the others. Scripts (`#!`) become executable. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
  readonly entrypoint: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** `1000:1000`; root when absent. */
  readonly user?: string;
  readonly workingDir?: string;
}

interface Blob {
  readonly path: string;
  readonly digest: string;
  readonly size: number;
}

interface Made {
  readonly plan: ImagePlan;
  readonly layers: readonly Blob[];
}

/**
 * @param tar the archive to write, which has its name only when it is whole
 * @returns its path
 * @throws AnnealError `testbed.image_failed`
 */
export async function buildImages(tar: string, plans: readonly ImagePlan[]): Promise<string> {
  for (const plan of plans) mustBeThere(plan);
  await mkdir(dirname(tar), { recursive: true });
  const work = await makeWorkFolder(tar);
  try {
    const made = new Map<Layer, Blob>();
    const images: Made[] = [];
    for (const plan of plans) {
      for (const sources of plan.rootfs ?? []) {
        if (made.has(sources)) continue;
        made.set(sources, await layer(work, `layer-${made.size}`, (to) => addSources(to, sources)));
      }
      const files = await layer(work, `files-${images.length}`, (to) => addFiles(to, plan.files ?? {}));
      images.push({ plan, layers: [...(plan.rootfs ?? []).map((sources) => made.get(sources)!), files] });
    }
    const whole = join(work, 'images.tar');
    await writeLayout(images, whole);
    await rename(whole, tar);
    return tar;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function mustBeThere({ name, rootfs = [], files = {} }: ImagePlan): void {
  const sources = rootfs.flat();
  for (const path of [...sources.map(({ to }) => to), ...Object.keys(files)]) {
    if (!isAbsolute(path)) throw failure('testbed.image_failed', `image ${name}: ${path} is not an absolute path`);
  }
  for (const { from } of sources) {
    if (!existsSync(from)) throw failure('testbed.image_failed', `image ${name}: no such file or folder: ${from}`);
  }
}

/** The name by which the kubelet looks for an image, as registries' clients complete it. */
export function fullName(name: string): string {
  const [first = '', ...rest] = name.split('/');
  const host = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const completed = host ? name : `docker.io/${rest.length === 0 ? 'library/' : ''}${name}`;
  return /:[^/]+$/.test(completed) ? completed : `${completed}:latest`;
}

async function addSources(tar: TarWriter, sources: Layer): Promise<void> {
  const known = new Set<string>();
  for (const { from, to, skip } of sources) {
    await addParents(tar, known, to);
    if ((await stat(from)).isDirectory()) await tar.fromFolder(to, from, skip);
    else await tar.fromFile(to, from);
  }
}

async function addFiles(tar: TarWriter, files: Readonly<Record<string, string | Buffer>>): Promise<void> {
  const known = new Set<string>();
  for (const [path, content] of Object.entries(files)) {
    await addParents(tar, known, path);
    await tar.file(path, content, startsProgram(content) ? 0o755 : 0o644);
  }
  // What any program expects to find.
  await addParents(tar, known, '/tmp/x');
  await tar.folder('/tmp', 0o1777);
}

function startsProgram(content: string | Buffer): boolean {
  const start = Buffer.from(content).subarray(0, 4).toString('latin1');
  return start.startsWith('#!') || start === '\u007fELF';
}

async function addParents(tar: TarWriter, known: Set<string>, path: string): Promise<void> {
  const parent = dirname(path);
  if (parent === '/' || known.has(parent)) return;
  await addParents(tar, known, parent);
  known.add(parent);
  await tar.folder(parent, parent === '/tmp' ? 0o1777 : 0o755);
}

/** Written and hashed in one go. */
async function layer(work: string, name: string, fill: (tar: TarWriter) => Promise<void>): Promise<Blob> {
  const path = join(work, name);
  const hash = createHash('sha256');
  let size = 0;
  const through = new PassThrough({ highWaterMark: 1 << 20 });
  through.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    size += chunk.length;
  });
  const written = pipeline(through, createWriteStream(path, { highWaterMark: 1 << 20 }));
  const tar = createTar(through);
  await Promise.all([fill(tar).then(() => tar.end()), written]);
  return { path, digest: hash.digest('hex'), size };
}

const TYPE = 'application/vnd.oci.image';

async function writeLayout(images: readonly Made[], path: string): Promise<void> {
  const described = images.map(describe);
  const index = json({ schemaVersion: 2, manifests: described.map(({ descriptor }) => descriptor) });
  const tar = createTar(createWriteStream(path));
  await tar.file('oci-layout', '{"imageLayoutVersion":"1.0.0"}');
  await tar.file('index.json', index.bytes);
  await tar.folder('blobs');
  await tar.folder('blobs/sha256');
  for (const blob of described.flatMap(({ documents }) => documents))
    await tar.file(`blobs/sha256/${blob.digest}`, blob.bytes);
  // Two equal layers are one blob.
  const layers = new Map(images.flatMap((image) => image.layers).map((one) => [one.digest, one]));
  for (const blob of layers.values()) await tar.fromFile(`blobs/sha256/${blob.digest}`, blob.path, 0o644);
  await tar.end();
}

/** Configuration and manifest of an image, and how the index names it. */
function describe({ plan, layers }: Made) {
  const architecture = arch === 'x64' ? 'amd64' : arch;
  const config = json({
    architecture,
    os: 'linux',
    config: {
      Entrypoint: plan.entrypoint,
      Env: Object.entries({ PATH: '/usr/local/bin:/usr/bin:/bin', ...plan.env }).map(
        ([name, value]) => `${name}=${value}`,
      ),
      ...(plan.cmd === undefined ? {} : { Cmd: plan.cmd }),
      ...(plan.user === undefined ? {} : { User: plan.user }),
      WorkingDir: plan.workingDir ?? '/',
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => `sha256:${digest}`) },
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: `${TYPE}.manifest.v1+json`,
    config: { mediaType: `${TYPE}.config.v1+json`, digest: `sha256:${config.digest}`, size: config.bytes.length },
    layers: layers.map(({ digest, size }) => ({ mediaType: `${TYPE}.layer.v1.tar`, digest: `sha256:${digest}`, size })),
  });
  const name = fullName(plan.name);
  const descriptor = {
    mediaType: `${TYPE}.manifest.v1+json`,
    digest: `sha256:${manifest.digest}`,
    size: manifest.bytes.length,
    platform: { architecture, os: 'linux' },
    annotations: { 'io.containerd.image.name': name, 'org.opencontainers.image.ref.name': name },
  };
  return { documents: [config, manifest], descriptor };
}

function json(value: object): { bytes: Buffer; digest: string } {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, digest: createHash('sha256').update(bytes).digest('hex') };
}

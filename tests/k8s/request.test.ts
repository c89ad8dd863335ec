// What an API server answers to requests for what it does not have, and how soon a request says so.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pathOf } from '../../k8s/cluster/workloads.ts';
import { isBuilt, startTestCluster, type TestCluster } from '../support/cluster.ts';

/** A request is tried for half a minute; what is known at once is told at once. */
const AT_ONCE_MS = 5_000;

describe.skipIf(!isBuilt([]))('what is not there', () => {
  let kube: TestCluster;
  beforeAll(async () => {
    kube = await startTestCluster();
  }, 180_000);
  afterAll(() => kube?.stop());

  const look = (path: string) => kube.cluster.ask({ method: 'GET', path }, [404]);

  it('an object: an answer, where the caller takes it for one', async () => {
    expect(await look(pathOf('ConfigMap', 'default', 'none'))).toMatchObject({ status: 404, body: { code: 404 } });
  });

  it.each([
    ['an API that is not installed', pathOf('JobSet', 'default', 'none')],
    ['a path that nothing serves', '/no/such/path'],
  ])('%s: a missing API at once, never a missing object', async (_, path) => {
    const since = performance.now();
    await expect(look(path)).rejects.toMatchObject({
      code: 'cluster.missing_crd',
      message: expect.stringContaining(`GET ${path}: 404 page not found`),
    });
    expect(performance.now() - since).toBeLessThan(AT_ONCE_MS);
  });
});

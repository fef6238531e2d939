/**
 * What a cluster says of its things, and its own trial: every modifying request with `dryRun=All` is admitted and checked, and not stored.
 * A namespace's label, or its name, tells the environment.
 */
import type { OperationLookup, PackLookups, PackThing, ProviderPreview } from "../lookup.ts";

const preview: ProviderPreview = {
  called: "dryRun=All",
  how: { same: "dryRun=All", deleting: { dryRun: ["All"] } },
  shown: ["preview.kind", "preview.metadata.name"],
};
const labels = (where: string): readonly string[] =>
  ["environment", "env", "stage", "tier"].map((label) => `${where}.metadata.labels.${label}`);

const namespace: PackThing = {
  reads: [
    { as: "namespace", ask: "GET /api/v1/namespaces/{id}" },
    { as: "claims", ask: "GET /api/v1/namespaces/{id}/persistentvolumeclaims", optional: true },
    { as: "sets", ask: "GET /apis/apps/v1/namespaces/{id}/statefulsets", optional: true },
    { as: "deployments", ask: "GET /apis/apps/v1/namespaces/{id}/deployments", optional: true },
  ],
  name: ["namespace.metadata.name"],
  same: ["namespace.metadata.uid"],
  environment: labels("namespace"),
  dependants: [
    { at: "claims.items", what: "volume claim" },
    { at: "sets.items", what: "stateful set" },
    { at: "deployments.items", what: "deployment" },
  ],
};

const there = (more: OperationLookup["names"] = []): OperationLookup => ({
  names: [...more, { thing: "namespaceOf", at: ["path ns"] }],
  preview,
});

export const kubernetesLookups: PackLookups = {
  things: {
    namespace,
    // Where something is, and not what goes.
    namespaceOf: {
      reads: [{ as: "namespace", ask: "GET /api/v1/namespaces/{id}" }],
      name: ["namespace.metadata.name"],
      environment: labels("namespace"),
    },
    claim: {
      reads: [
        { as: "claim", ask: "GET /api/v1/namespaces/{ns}/persistentvolumeclaims/{id}" },
        { as: "namespace", ask: "GET /api/v1/namespaces/{ns}", optional: true },
        { as: "volume", ask: "GET /api/v1/persistentvolumes/{claim.spec.volumeName}", optional: true },
        { as: "snapshots", ask: "GET /apis/snapshot.storage.k8s.io/v1/namespaces/{ns}/volumesnapshots", optional: true },
      ],
      name: ["claim.metadata.name"],
      within: [["claim.metadata.namespace"]],
      same: ["claim.metadata.uid", "claim.spec.volumeName"],
      environment: [...labels("claim"), ...labels("namespace")],
      notes: [
        { at: "claim.spec.resources.requests.storage", what: "size" },
        { at: "volume.spec.persistentVolumeReclaimPolicy", what: "what becomes of the volume" },
      ],
      backups: {
        at: "snapshots.items[spec.source.persistentVolumeClaimName].metadata",
        time: "snapshots.items[spec.source.persistentVolumeClaimName].metadata.creationTimestamp",
      },
    },
    node: {
      reads: [{ as: "node", ask: "GET /api/v1/nodes/{id}" }],
      name: ["node.metadata.name"],
      environment: labels("node"),
      unplaced: true,
    },
  },
  operations: {
    ns: { names: [{ thing: "namespace", at: ["path ns"] }], backupCoupling: "unknown", preview },
    pvc: { ...there([{ thing: "claim", at: ["path name"] }]), backupCoupling: "unknown" },
    "pvc-all": { ...there(), backupCoupling: "unknown" },
    crd: { names: [], backupCoupling: "unknown", preview },
    workload: there(),
    exec: { names: [{ thing: "namespaceOf", at: ["path ns"] }] },
    node: { names: [{ thing: "node", at: ["path name"] }], preview },
    disarm: { names: [], preview },
    change: there(),
    rbac: { names: [], preview },
  },
};

/** Kubernetes: the API server of a cluster, where its host is a well-known one. The collection form of a deletion deletes all. */
import { kubernetesLookups } from "./lookups/kubernetes.ts";
import { everydayAt } from "./everyday.ts";
import type { Pack } from "./pack.ts";
import { operationsAt } from "./operation.ts";
import { kubernetesRefusals } from "./refusals.ts";

const op = operationsAt("https://kubernetes.default.svc");
const N = "/api/v1/namespaces/{ns}";
const n = "/api/v1/namespaces/shop";
const apps = "/apis/apps/v1/namespaces/shop";

const everyday = everydayAt("https://kubernetes.default.svc", [
  {
    class: "read",
    thing: "question",
    doors: [
      "POST /apis/authorization.k8s.io/{v}/selfsubjectaccessreviews",
      "POST /apis/authorization.k8s.io/{v}/selfsubjectrulesreviews",
      "POST /apis/authorization.k8s.io/{v}/subjectaccessreviews",
      "POST /apis/authorization.k8s.io/{v}/namespaces/{ns}/localsubjectaccessreviews",
      "POST /apis/authentication.k8s.io/{v}/selfsubjectreviews",
    ],
    misses: ["POST /apis/authentication.k8s.io/v1/tokenreviews {}", "POST /api/v1/namespaces/shop/pods {}"],
  },
  {
    class: "write",
    thing: "new",
    doors: [`POST ${N}/configmaps`, `POST ${N}/services`, "POST /api/v1/namespaces"],
    misses: [`POST ${n}/pods {}`, `POST ${n}/secrets {}`, `POST ${n}/serviceaccounts {}`],
    look: [
      { at: "body spec.type", is: ["LoadBalancer", "NodePort"], class: "publish", because: "it can be reached from outside the cluster" },
      { at: "body spec.externalIPs", is: "present", class: "publish", because: "it takes traffic of other addresses" },
    ],
  },
]);

export const kubernetes: Pack = {
  provider: "kubernetes",
  hosts: [
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "*.eks.amazonaws.com",
    "*.azmk8s.io",
    "*.azmk8s.io:443",
    "*.k8s.ondigitalocean.com",
    "*.gke.goog",
    "localhost:6443",
    "127.0.0.1:6443",
  ],
  authSlots: ["authorization"],
  listed: ["command"],
  refusals: kubernetesRefusals,
  clientHeaders: ["kubectl-command", "kubectl-session"],
  lookups: kubernetesLookups,
  operations: [
    op(
      ["ns", "destroy", "namespace"],
      ["DELETE /api/v1/namespaces/{ns}"],
      { matches: [`DELETE ${n}`], misses: [`GET ${n}`] },
      { many: true },
    ),
    op(["pvc", "destroy", "volume"], [`DELETE ${N}/persistentvolumeclaims/{name}`, "DELETE /api/v1/persistentvolumes/{name}"], {
      matches: [`DELETE ${n}/persistentvolumeclaims/data`, "DELETE /api/v1/persistentvolumes/pv"],
      misses: [`GET ${n}/persistentvolumeclaims`],
    }),
    op(
      ["pvc-all", "destroy", "volumes"],
      [`DELETE ${N}/persistentvolumeclaims`, "DELETE /api/v1/persistentvolumes"],
      { matches: [`DELETE ${n}/persistentvolumeclaims`], misses: [`DELETE ${n}/persistentvolumeclaims/data`] },
      { many: true },
    ),
    op(
      ["crd", "destroy", "crd"],
      [
        "DELETE /apis/apiextensions.k8s.io/*/customresourcedefinitions/{name}",
        "DELETE /apis/apiextensions.k8s.io/*/customresourcedefinitions",
      ],
      {
        matches: ["DELETE /apis/apiextensions.k8s.io/v1/customresourcedefinitions/x.example.com"],
        misses: ["GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions"],
      },
      { many: true },
    ),
    op(
      ["workload", "outage", "workload"],
      ["DELETE /apis/apps/*/namespaces/{ns}/*/**", `DELETE ${N}/pods/**`, "PATCH+PUT /apis/apps/*/namespaces/{ns}/*/{name}/scale"],
      {
        matches: [
          `DELETE ${apps}/deployments/web`,
          `DELETE ${apps}/statefulsets`,
          `PATCH ${apps}/deployments/web/scale {"spec":{"replicas":0}}`,
        ],
        misses: [`GET ${apps}/deployments`],
      },
    ),
    op(
      ["secret", "credential", "secret"],
      [
        `GET+HEAD+DELETE+POST+PUT+PATCH ${N}/secrets/**`,
        "GET+HEAD /api/v1/secrets",
        "POST /api/v1/namespaces/{ns}/serviceaccounts/{name}/token",
        "GET /api/v1/watch/**/secrets/**",
      ],
      { matches: [`GET ${n}/secrets`, `DELETE ${n}/secrets/s`, "GET /api/v1/secrets"], misses: [`GET ${n}/configmaps`] },
    ),
    op(
      ["exec", "exec", "pod"],
      [
        ...["exec", "attach", "portforward", "ephemeralcontainers", "proxy"].map(
          (verb) => `GET+HEAD+POST+PUT+PATCH+DELETE ${N}/pods/{name}/${verb}/**`,
        ),
        // What goes on from there is anything: a kubelet runs commands by it.
        `GET+HEAD+OPTIONS+POST+PUT+PATCH+DELETE ${N}/services/{name}/proxy/**`,
        "GET+HEAD+OPTIONS+POST+PUT+PATCH+DELETE /api/v1/nodes/{name}/proxy/**",
        "GET+HEAD+OPTIONS+POST+PUT+PATCH+DELETE /api/v1/proxy/**",
      ],
      {
        matches: [
          `GET ${n}/pods/web/exec?command=sh`,
          `POST ${n}/pods/web/attach`,
          `PATCH ${n}/pods/web/ephemeralcontainers {}`,
          "GET /api/v1/nodes/n1/proxy/run/ns/pod/c?cmd=id",
        ],
        misses: [`GET ${n}/pods/web/log`],
      },
    ),
    op(["node", "outage", "node"], ["DELETE /api/v1/nodes/**", `POST ${N}/pods/{name}/eviction`], {
      matches: ["DELETE /api/v1/nodes/n1", `POST ${n}/pods/web/eviction {}`],
      misses: ["GET /api/v1/nodes"],
    }),
    op(["disarm", "disarm", "safeguard"], ["DELETE /apis/admissionregistration.k8s.io/*/**"], {
      matches: ["DELETE /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/v"],
      misses: ["GET /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"],
    }),
    op(
      ["change", "outage", "object"],
      [`PATCH+PUT ${N}/*/{name}`, "PATCH+PUT /apis/*/*/namespaces/{ns}/*/{name}", "PATCH+PUT /api/v1/*/{name}"],
      { matches: [`PATCH ${apps}/deployments/web {"metadata":{"finalizers":null}}`], misses: [`GET ${apps}/deployments/web`] },
      {
        look: [
          { at: "body metadata.finalizers", is: "null", class: "disarm", because: "it removes finalizers" },
          { at: "body metadata.finalizers", is: "empty", class: "disarm", because: "it removes finalizers" },
          { at: "body path", is: ["/metadata/finalizers"], class: "disarm", because: "it removes finalizers" },
          { at: "body spec.persistentVolumeReclaimPolicy", is: ["Delete"], class: "disarm", because: "the volume would go with its claim" },
        ],
      },
    ),
    op(["rbac", "credential", "rights"], ["POST+PATCH+PUT+DELETE /apis/rbac.authorization.k8s.io/**"], {
      matches: ["POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings {}"],
      misses: ["GET /apis/rbac.authorization.k8s.io/v1/clusterroles"],
    }),
    ...everyday,
  ],
};

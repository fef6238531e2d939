/** Command lines and tools of Cloudflare, DigitalOcean and Kubernetes. */
import { type ProviderDoors, ways } from "./door.ts";

const cloudflare: ProviderDoors = {
  provider: "cloudflare",
  programs: ["wrangler", "cloudflared", "flarectl"],
  reads: [
    "whoami|tail|docs|types|help",
    "deployments|versions|secret|queues|tunnel|hyperdrive|vectorize|pages list|status|view",
    "d1 list|info|insights; r2 bucket list|info; kv namespace|key list; r2 object get; kv key get; pages project|deployment list",
  ],
  operations: {
    zone: ways("zone delete", "delete zone"),
    dns: ways(
      "dns delete|create|create-or-update|update; tunnel route",
      "delete dns record; import dns record; batch dns record; update dns record",
    ),
    r2: ways("r2 bucket delete; r2 object delete; r2 bulk delete", "delete r2 bucket; delete r2 object; delete bucket; delete object"),
    d1: ways("d1 delete", "d1 delete database; delete d1"),
    d1sql: ways("d1 execute|export|import; d1 migrations apply", "d1 query database; d1 query; d1 import; d1 raw"),
    d1restore: ways("d1 time-travel restore", "d1 time travel restore; d1 restore"),
    kv: ways(
      "kv namespace delete; kv key delete; kv bulk delete; kv:namespace|kv:key|kv:bulk delete",
      "delete kv namespace; delete kv key; kv bulk delete",
    ),
    worker: ways(
      "delete; pages project delete; pages deployment delete; dispatch-namespace delete; workflows delete; vectorize delete|delete-vectors",
      "delete worker; delete page project; delete script",
    ),
    queue: ways("queues delete|purge", "purge queue; delete queue"),
    tunnel: ways("tunnel delete|cleanup; hyperdrive delete|update", "delete tunnel; delete hyperdrive; edit hyperdrive"),
    account: ways(
      "secret put|delete|bulk; secrets-store store|secret delete|create|update; pages secret put|delete|bulk; tunnel token; account delete",
      "delete secret store; roll token; delete account; create token; delete secret",
    ),
    purge: ways("zone purge; cache purge", "purge cache"),
  },
  naming: {
    switches: "-y --skip-confirmation --force --remote --local",
    valued: "-c --config -e --env --cwd --command --file",
    behind: {
      "r2 r2 bucket": 1,
      "r2 r2 object": 1,
      d1: 1,
      "d1sql d1 execute|export|import": 1,
      "d1sql d1 migrations": 1,
      d1restore: 1,
      "worker delete": 1,
      "worker pages project": 1,
      "worker pages deployment": 1,
      queue: 1,
      "tunnel tunnel delete|cleanup": 1,
      "tunnel hyperdrive": 1,
    },
  },
  examples: {
    commands: {
      "wrangler d1 delete shop -y": "d1",
      "wrangler --config w.toml kv namespace delete --namespace-id x": "kv",
      "wrangler d1 execute shop --remote --command DROP": "d1sql",
      "wrangler queues purge jobs --force": "queue",
      "cloudflared tunnel delete shop": "tunnel",
      "wrangler d1 list": "read",
      "wrangler deploy": "unknown",
    },
    tools: {
      'd1_database_delete {"database_id":"d"}': "d1",
      'kv_namespace_delete {"namespace_id":"n"}': "kv",
      'r2_bucket_delete {"name":"b"}': "r2",
      "accounts_list {}": "unknown",
    },
  },
};

const digitalocean: ProviderDoors = {
  provider: "digitalocean",
  programs: ["doctl"],
  reads: [
    "account get|ratelimit; version; balance get",
    "apps|app list|ls|get|logs|list-deployments; databases|db list|ls|get; projects list|ls|get",
    "compute droplet|volume|snapshot|domain|image|region|size list|ls|get; kubernetes|k8s|k cluster list|ls|get; vpcs list|ls|get; registry get",
  ],
  operations: {
    db: ways(
      "databases|db|dbs|d|database delete|rm|d; databases|db|dbs|d|database db|replica|user delete|rm",
      "delete db cluster; delete database cluster; delete db; delete database; delete replica",
    ),
    dbcred: ways(
      "databases|db|dbs|d|database user create|c|reset|get; databases|db|dbs|d|database connection|conn",
      "create db user; reset db user; db connection",
    ),
    volume: ways("compute|c volume|volumes delete|rm|d; compute|c snapshot|snapshots delete|rm|d", "delete volume; delete snapshot"),
    droplet: ways("compute|c droplet|d|droplets delete|d|del|rm", "delete droplet"),
    "droplet-tag": ways("compute|c droplet|d|droplets delete|d|del|rm --tag-name", "delete droplet tag"),
    dangerous: ways(
      "kubernetes|kube|k8s|k cluster|clusters|c delete|d|rm --dangerous; kubernetes|kube|k8s|k cluster|clusters|c delete-selective|ds; compute|c autoscale|as delete-dangerous",
      "delete associated resource; delete dangerous",
    ),
    k8s: ways(
      "kubernetes|kube|k8s|k cluster|clusters|c delete|d|rm; kubernetes|kube|k8s|k cluster node-pool|nodepool|np|p delete|d|rm",
      "delete doks cluster; delete kubernete cluster; delete kubernetes cluster",
    ),
    misc: ways(
      "apps|app|a delete|d|rm; compute|c domain delete|d|rm; registry|reg|r delete|d|rm; vpcs|vpc|v delete|d|rm; compute|c image delete|d|rm; compute|c load-balancer|lb delete|d|rm; projects delete|d|rm; spaces keys|k delete|d|rm",
      "delete app; delete domain; delete registry; delete vpc; delete space key",
    ),
  },
  naming: {
    switches: "-f --force --dangerous -v --verbose",
    valued: "-t --access-token --context -c --config -o --output -u --api-url --tag-name",
    behind: { db: 1, volume: "each", droplet: "each", dangerous: 1, k8s: 1, misc: 1 },
  },
  examples: {
    commands: {
      "doctl databases delete 9cc1 --force": "db",
      "doctl --context prod compute volume rm v -f": "volume",
      "doctl compute droplet delete --tag-name web -f": "droplet-tag",
      "doctl kubernetes cluster delete shop --dangerous": "dangerous",
      "doctl compute droplet list": "read",
      "doctl apps create": "unknown",
    },
    tools: {
      'db-cluster-delete {"id":"9cc1"}': "db",
      'droplet-delete {"ID":1}': "droplet",
      'apps-delete {"AppID":"a"}': "misc",
      "droplet-list {}": "unknown",
    },
  },
};

const kubernetes: ProviderDoors = {
  provider: "kubernetes",
  programs: ["kubectl", "oc", "k9s", "helm"],
  reads: [
    "get|describe|logs|top|explain|version|cluster-info|api-resources|api-versions|events|diff|list|ls|status|history|show|search",
    "auth can-i|whoami; config view|get-contexts|current-context; rollout status|history; wait|kustomize|template|lint; repo list|update",
  ],
  operations: {
    ns: ways("delete namespace|namespaces|ns|project|projects", "delete namespace"),
    pvc: ways(
      "delete persistentvolumeclaim|persistentvolumeclaims|pvc|persistentvolume|persistentvolumes|pv",
      "delete persistent volume claim; delete pvc; delete persistent volume; delete pv",
    ),
    "pvc-all": ways(
      "delete persistentvolumeclaim|persistentvolumeclaims|pvc|persistentvolume|persistentvolumes|pv --all; delete persistentvolumeclaim|persistentvolumeclaims|pvc --all-namespaces",
      "delete collection persistent volume claim",
    ),
    crd: ways("delete customresourcedefinition|customresourcedefinitions|crd|crds", "delete custom resource definition; delete crd"),
    workload: ways(
      "delete deployment|deployments|deploy|statefulset|statefulsets|sts|daemonset|daemonsets|ds|replicaset|replicasets|rs|pod|pods|po|job|jobs|cronjob|cronjobs|cj|service|services|svc|ingress|ingresses|ing|configmap|configmaps|cm; scale; autoscale; rollout restart|undo|pause; set; uninstall; rollback",
      "delete deployment; delete stateful set; delete pod; pod delete; scale; scale deployment; rollout restart; helm uninstall; delete statefulset; resource scale",
    ),
    secret: ways(
      "get|describe|delete secret|secrets; create secret; config view --raw",
      "get secret; read secret; list secret; delete secret",
    ),
    exec: ways(
      "exec; attach; port-forward; debug; cp; run; proxy; rsh; rsync",
      "exec pod; exec in pod; pod exec; port forward; pod run; exec",
    ),
    node: ways("drain; cordon; taint; delete node|nodes|no", "drain node; delete node; cordon node; evict pod; node management"),
    disarm: ways(
      "delete validatingwebhookconfiguration|validatingwebhookconfigurations|mutatingwebhookconfiguration|mutatingwebhookconfigurations|networkpolicy|networkpolicies|netpol|poddisruptionbudget|poddisruptionbudgets|pdb|resourcequota|resourcequotas|quota",
      "delete validating webhook; delete webhook configuration; delete network policy; delete finalizer",
    ),
    rbac: ways(
      "create|delete|set clusterrolebinding|clusterrolebindings|rolebinding|rolebindings|clusterrole|clusterroles|role|roles|serviceaccount|serviceaccounts|sa|token; auth reconcile; adm policy; certificate approve; set subject",
      "create role binding; create cluster role binding; create cluster role; delete role binding; create token",
    ),
  },
  naming: {
    switches: "--force --now --all --all-namespaces -A --insecure-skip-tls-verify --ignore-not-found --wait --recursive -R",
    valued:
      "-n --namespace -v --context --cluster --user --kubeconfig -s --server --token --as --as-group --request-timeout --grace-period --timeout -l --selector -f --filename -o --output --field-selector --kube-context",
    kinds: true,
    behind: {
      ns: "each",
      pvc: "each",
      "pvc-all": "each",
      crd: "each",
      "workload delete": "each",
      "workload uninstall": "each",
      "secret get|describe|delete": "each",
      "node delete": "each",
      "node drain": "each",
      "node cordon": "each",
      disarm: "each",
    },
  },
  examples: {
    commands: {
      "kubectl delete ns shop": "ns",
      "kubectl -n shop delete pvc/data --wait=false": "pvc",
      "kubectl --context prod delete pvc --all": "pvc-all",
      "kubectl delete deploy,sts web": "workload",
      "kubectl get secrets -o yaml": "secret",
      "kubectl exec -it web-0 -- sh -c ls": "exec",
      "kubectl get pods -A": "read",
      "kubectl wait --for=condition=ready pod/web": "read",
      "helm template ./chart": "read",
      "kubectl -n shop -v 6 get pods": "read",
      "kubectl -nshop --insecure-skip-tls-verify get pods": "read",
      "kubectl -n logs delete -f all.yaml": "unknown",
      "helm -n status upgrade web chart": "unknown",
      "kubectl --not-known-here logs delete -f all.yaml": "unknown",
      "kubectl delete -f all.yaml": "unknown",
      "kubectl apply -f all.yaml": "unknown",
    },
    tools: {
      'kubectl_delete_namespace {"name":"shop"}': "ns",
      'pods_exec {"name":"web-0","command":["ls"]}': "exec",
      "pods_list {}": "unknown",
    },
  },
};

export const infrastructureDoors: readonly ProviderDoors[] = [cloudflare, digitalocean, kubernetes];

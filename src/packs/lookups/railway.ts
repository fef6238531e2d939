/**
 * What Railway says of its things. Its public schema has no field for one volume by its id: the projects that the token sees are listed,
 * and the one with the volume is taken. Backups are of a volume's instances, one an environment, and live on the volume.
 */
import type { PackLookups } from "../lookup.ts";

const PROJECT = "all.data.projects.edges.node[volumes.edges.node.id]";
const VOLUME = `${PROJECT}.volumes.edges.node[id]`;
const INSTANCE = `${VOLUME}.volumeInstances.edges.node`;
const ONE = "one.data.volumeInstance";
const OWNER = "service.data.service.project";

const projects = `GQL query { projects { edges { node { id name volumes { edges { node { id name
  volumeInstances { edges { node { id sizeMB currentSizeMB mountPath environment { id name } service { id name } } } } } } } } } } }`;
const backups = "GQL query($instance: String!) { volumeInstanceBackupList(volumeInstanceId: $instance) { id name createdAt usedMB } }";
const environmentAsk = `GQL query($id: String!) { environment(id: $id) { id name projectId isEphemeral
  serviceInstances { edges { node { id serviceName } } } volumeInstances { edges { node { id } } } } }`;

export const railwayLookups: PackLookups = {
  things: {
    volume: {
      reads: [
        { as: "all", ask: projects },
        { as: "backups", ask: backups, with: { instance: `${INSTANCE}.id` }, optional: true },
      ],
      name: [`${VOLUME}.name`],
      within: [[`${INSTANCE}.environment.name`], [`${INSTANCE}.service.name`]],
      ids: [`${PROJECT}.id`, `${PROJECT}.name`, `${INSTANCE}.environment.id`],
      same: [`${INSTANCE}.id`],
      environment: [`${INSTANCE}.environment.name`],
      size: { at: `${INSTANCE}.currentSizeMB`, unit: "MB" },
      backups: {
        at: "backups.data.volumeInstanceBackupList",
        time: "backups.data.volumeInstanceBackupList.createdAt",
        lives: "on the same volume",
      },
    },
    volumeInstance: {
      reads: [
        {
          as: "one",
          ask: `GQL query($id: String!) { volumeInstance(id: $id) { id currentSizeMB volume { id name projectId }
            environment { id name } service { id name } } }`,
        },
        { as: "backups", ask: backups, with: { instance: "id" }, optional: true },
      ],
      name: [`${ONE}.volume.name`],
      within: [[`${ONE}.environment.name`], [`${ONE}.service.name`]],
      ids: [`${ONE}.volume.projectId`, `${ONE}.environment.id`],
      same: [`${ONE}.volume.id`],
      environment: [`${ONE}.environment.name`],
      size: { at: `${ONE}.currentSizeMB`, unit: "MB" },
      backups: {
        at: "backups.data.volumeInstanceBackupList",
        time: "backups.data.volumeInstanceBackupList.createdAt",
        lives: "on the same volume",
      },
    },
    environment: {
      reads: [{ as: "environment", ask: environmentAsk }],
      name: ["environment.data.environment.name"],
      ids: ["environment.data.environment.projectId"],
      environment: ["environment.data.environment.name"],
      flags: [{ at: "environment.data.environment.isEphemeral", is: true, environment: "development" }],
      dependants: [
        { at: "environment.data.environment.serviceInstances.edges", what: "service" },
        { at: "environment.data.environment.volumeInstances.edges", what: "volume" },
      ],
    },
    project: {
      reads: [
        {
          as: "project",
          ask: `GQL query($id: String!) { project(id: $id) { id name environments { edges { node { id name } } }
            services { edges { node { id name } } } volumes { edges { node { id } } } } }`,
        },
      ],
      name: ["project.data.project.name"],
      // A project goes with all its environments.
      environment: ["project.data.project.environments.edges.node.name"],
      dependants: [
        { at: "project.data.project.environments.edges", what: "environment" },
        { at: "project.data.project.services.edges", what: "service" },
        { at: "project.data.project.volumes.edges", what: "volume" },
      ],
    },
    service: {
      reads: [
        {
          as: "service",
          ask: "GQL query($id: String!) { service(id: $id) { id name projectId project { id name environments { edges { node { id name } } } } } }",
        },
      ],
      name: ["service.data.service.name"],
      within: [[`${OWNER}.name`]],
      ids: [`${OWNER}.id`],
      environment: [`${OWNER}.environments.edges.node.name`],
    },
    // One of a service's environments, which the request names by itself.
    serviceThere: {
      reads: [{ as: "service", ask: "GQL query($id: String!) { service(id: $id) { id name projectId } }" }],
      name: ["service.data.service.name"],
      ids: ["service.data.service.projectId"],
      unplaced: true,
    },
    deployment: {
      reads: [
        {
          as: "deployment",
          ask: "GQL query($id: String!) { deployment(id: $id) { id projectId environment { id name } service { id name } } }",
        },
      ],
      name: ["deployment.data.deployment.id"],
      within: [["deployment.data.deployment.environment.name"], ["deployment.data.deployment.service.name"]],
      ids: ["deployment.data.deployment.projectId", "deployment.data.deployment.environment.id"],
      environment: ["deployment.data.deployment.environment.name"],
    },
  },
  operations: {
    volumeDelete: { names: [{ thing: "volume", at: ["argument volumeId"] }], backupCoupling: "same_blast_radius" },
    volumeInstanceBackupDelete: {
      names: [{ thing: "volumeInstance", at: ["argument volumeInstanceId"] }],
      backupCoupling: "same_blast_radius",
    },
    volumeInstanceBackupRestore: {
      names: [{ thing: "volumeInstance", at: ["argument volumeInstanceId"] }],
      backupCoupling: "same_blast_radius",
    },
    volumeInstanceBackupScheduleUpdate: {
      names: [{ thing: "volumeInstance", at: ["argument volumeInstanceId"] }],
      backupCoupling: "same_blast_radius",
    },
    projectDelete: { names: [{ thing: "project", at: ["argument id"] }], backupCoupling: "same_blast_radius" },
    projectScheduleDeleteForce: { names: [{ thing: "project", at: ["argument id"] }], backupCoupling: "same_blast_radius" },
    environmentDelete: { names: [{ thing: "environment", at: ["argument id"] }], backupCoupling: "same_blast_radius" },
    serviceDelete: {
      names: [{ thing: "service", at: ["argument id"] }],
      backupCoupling: "unknown",
    },
    environmentPatch: {
      names: [
        { thing: "environment", at: ["argument environmentId"] },
        { thing: "volume", at: ["keys argument patch.volumes"] },
      ],
      backupCoupling: "same_blast_radius",
    },
    "environmentPatch-stage": {
      names: [
        { thing: "environment", at: ["argument environmentId"] },
        { thing: "volume", at: ["keys argument input.volumes"] },
      ],
      backupCoupling: "same_blast_radius",
    },
    "environmentPatch-apply": {
      names: [{ thing: "environment", at: ["argument environmentId"] }],
      backupCoupling: "unknown",
      preview: {
        called: "environmentPreviewChangeSet",
        how: {
          graphql: `mutation($environmentId: String!, $input: JSON!) {
            environmentPreviewChangeSet(environmentId: $environmentId, input: $input) { changeSet diagnostics effects } }`,
        },
        shown: ["preview.data.environmentPreviewChangeSet.effects.*"],
      },
    },
    "environmentPatch-commit-staged": { names: [{ thing: "environment", at: ["argument environmentId"] }], backupCoupling: "unknown" },
    variables: { names: [{ thing: "environment", at: ["argument environmentId", "argument input.environmentId"] }] },
    deployment: { names: [{ thing: "deployment", at: ["argument id"] }] },
    transfer: { names: [{ thing: "project", at: ["argument projectId", "argument id"] }] },
    deploy: {
      names: [
        { thing: "environment", at: ["argument environmentId"] },
        { thing: "serviceThere", at: ["argument serviceId"] },
      ],
    },
  },
};

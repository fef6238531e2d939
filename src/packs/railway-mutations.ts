/**
 * Every mutation of Railway's schema that `railway.ts` and `railway-changes.ts` do not name, by class. The schema is that of Railway's own
 * command line (230 mutations in August 2026); `test/doors/mutations.test.ts` holds the lists to it.
 */
import { listedMutations } from "./mutations.ts";

export const railwayMutations = listedMutations("https://backboard.railway.com/graphql/v2", [
  {
    class: "destroy",
    thing: "object",
    fields: `cloudAgentDelete integrationDelete observabilityDashboardReset pluginDelete privateNetworksForEnvironmentDelete
      sandboxCheckpointDelete sandboxDestroy signalDelete templateDelete`,
  },
  { class: "wipe", thing: "plugin", fields: "pluginReset" },
  { class: "restore", thing: "state", fields: "volumeInstancePITRRestore templateRevert signalRollback egressGatewayRollbackFromHA" },
  {
    class: "disarm",
    thing: "safeguard",
    fields: `disablePitrForHaCluster cancelPitrHaWorkflow notificationRuleDelete notificationRuleUpdate usageLimitRemove
      workspacePolicyDeploySourceAllowlistAdd workspacePolicyDeploySourceAllowlistRemove`,
  },
  {
    class: "credential",
    thing: "access",
    fields: `apiTokenDelete botScopeBindingRemove emailChangeConfirm emailChangeInitiate inviteCodeUse loginSessionAuth loginSessionCancel
      loginSessionConsume loginSessionCreate loginSessionVerify passkeyDelete pluginResetCredentials projectInvitationAccept
      projectInvitationCreate projectInvitationDelete projectInvitationResend projectInviteUser projectLeave projectMemberAdd
      projectMemberRemove projectMemberUpdate projectTokenDelete providerAuthRemove recoveryCodeGenerate recoveryCodeValidate sessionDelete
      sshPublicKeyDelete sshSignupApprove trustedDomainCreate trustedDomainDelete trustedDomainRetriggerVerification trustedDomainUpdate
      twoFactorInfoCreate twoFactorInfoSecret twoFactorInfoValidate userDiscordDisconnect workspaceInviteCodeCreate workspaceInviteCodeUse
      workspaceLeave workspacePermissionChange workspaceUserInvite workspaceUserRemove`,
  },
  { class: "transfer", thing: "project", fields: "projectClaim projectTransferToTeam" },
  { class: "publish", thing: "template", fields: "templatePublish templateUnpublish" },
  {
    class: "money",
    thing: "account",
    fields: "agentUsageLimitSet customerCreateFreePlanSubscription customerTogglePayoutsToCredits usageLimitSet",
  },
  {
    class: "outage",
    thing: "setting",
    fields: `baseEnvironmentOverride clearPitrHaWorkflowProgress cloudAgentSleep customDomainUpdate deploymentCancel deploymentRestart
      deploymentTriggerDelete deploymentTriggerUpdate disableServiceCdn egressGatewayAssociationCreate egressGatewayAssociationsClear
      egressGatewayUpgradeToHA enablePitrForHaCluster enableServiceCdn featureFlagAdd featureFlagRemove githubRepoUpdate
      herokuImportVariables integrationUpdate pluginRestart pluginUpdate privateNetworkEndpointDelete privateNetworkEndpointRename
      projectFeatureFlagAdd projectFeatureFlagRemove purgeServiceCache railwayDomainDnsRecordCreate railwayDomainDnsRecordDelete
      railwayDomainDnsRecordUpdate railwayDomainNameserversSet railwayDomainUpdate serviceConnect serviceDisconnect serviceDomainUpdate
      serviceFeatureFlagAdd serviceFeatureFlagRemove serviceInstanceAutoDeployUpdate serviceInstanceLimitsUpdate serviceInstanceUpdate
      serviceInstanceVulnRemediationPatchNow serviceRemoveUpstreamUrl setServiceUnderAttackMode sharedVariableConfigure signalDefaultSet
      signalReplace signalRuleSet signalRuleUnset templateVolumeUpdate updateServiceEdgeConfig updateServiceEdgeRules userFlagsRemove
      userFlagsSet volumeInstanceUpdate`,
  },
  {
    class: "write",
    thing: "object",
    look: [
      { at: "argument **.isPublic", is: [true], class: "publish", because: "it makes something public" },
      { at: "argument **.isDeleted", is: [true], class: "destroy", because: "it marks something as deleted" },
    ],
    fields: `bucketCreate bucketUpdate canvasViewMerge cliAuthEventTrack cliEventTrack cloudAgentCreate cloudAgentStateReport cloudAgentWake
      customDomainCreate customDomainIssueCertificate deploymentApprove deploymentTriggerCreate dockerComposeImport environmentCreate
      environmentRename environmentUnskipService fairUseAgree githubRepoDeploy integrationCreate jobApplicationCreate
      notificationDeliveriesMarkAsRead notificationRuleCreate observabilityDashboardCreate observabilityDashboardUpdate pluginCreate
      pluginStart preferencesUpdate privateNetworkCreateOrGet privateNetworkEndpointCreateOrGet projectCreate projectScheduleDeleteCancel
      projectUpdate referralInfoUpdate sandboxCheckpointCreate sandboxCheckpointRename sandboxCreate sandboxHeartbeat sandboxTemplateBuild
      serviceCreate serviceDomainCreate serviceDuplicate serviceInstanceVulnRemediationDismiss serviceUpdate setupAgentEventTrack
      signalCreate templateClone templateDeploy templateDeployV2 templateGenerate templateServiceSourceEject upsertSlackChannel
      userBetaLeave userProfileUpdate userTermsUpdate volumeCreate volumeInstanceBackupLock volumeUpdate webhookTest workspaceUpdate
      workspaceUpsertSlackChannel`,
  },
  { class: "read", thing: "preview", fields: "environmentPreviewChangeSet egressGatewayHAMigrationPreview" },
]);

/**
 * The class of AWS operations by the words of their names, for all that no entry of `aws.ts` names: the first family that has the name
 * tells. A name that none has is unknown. Names are those of the public service models.
 */
import type { Family, FamilyLook } from "./models.ts";

/** Names that only look. */
export const awsReads = `
  Describe* Get* List* Head* Lookup* Search* BatchGet* BatchDescribe* BatchCheck* BatchList* Query* Scan* Select* Count* Estimate*
  Preview* View* Download* Retrieve* Receive* Poll* Discover* AdminGet* AdminList* Is* BatchIsAuthorized* TransactGet*
  Suggest* Autocomplete Geocode ReverseGeocode
`;

/** What shows a secret though it only looks, or hands one out. */
const showing: Family = {
  class: "credential",
  names: `
    GetSecretValue BatchGetSecretValue GetCredentials* GetCluster*Credential* Get*Credentials GetCredentialsForIdentity
    GetRoleCredentials *AuthToken *AuthorizationToken *SessionToken* *FederationToken* GetOpenIdToken* GetPasswordData
    GetRandomPassword GetParameter GetParameters* GetParameterHistory GetApiKey GetApiKeys ListApiKeys GetInstanceAccessDetails
    GetRelationalDatabaseMasterUserPassword DownloadDefaultKeyPair GetDataAccess GetTemporary* GetAccessToken* GetToken GetTokens
    *SigninToken GetSubscriptionToken GetParametersForExport GetWorkloadAccessToken* GetResourceApiKey GetResourceOauth2Token
    GetResourcePaymentToken DescribeUserPoolClient GetClientCertificate* GetFederationToken GetIdToken
    GetUserPoolClientSecret* GetSigninUrl GetDashboardEmbedUrl GetSessionEmbedUrl
    Get*PresignedUrl* GetContainerServiceDeploymentCredentials RetrieveDomainAuthCode DeriveSharedSecret TranslateKeyMaterial
    TranslatePinData
  `,
};

const credentials: Family = {
  class: "credential",
  names: `
    *AuthToken* *Password* *AccessKey* *ApiKey* *APIKey* Decrypt* GenerateDataKey* ReEncrypt* Assume* SignPayload *KeyPair*
    *SshPublicKey* *SSHPublicKey* *SSHKey* *HostKey* *SigningCertificate* *ServiceSpecificCredential* *LoginProfile* *MFA* *Mfa*
    *Credential *Credentials Rotate*Secret* Rotate*Key* *Secret PutParameter DeleteParameter* LabelParameterVersion
    UnlabelParameterVersion *SecretValue* *SecretVersionStage Create*Token* Generate*Token* Exchange*Token* Refresh*Token*
    *AccessToken* Revoke*Token* Delete*Token *SessionToken* CreatePresigned* CreateSession *UserPoolClient *UserPoolClientSecret*
    ExportCertificate IssueCertificate *OAuth* Sign Verify* DeriveSharedSecret GenerateMac SendSSHPublicKey SendSerialConsole*
    StartSession ResumeSession RedeemAccessToken ExportKey ImportKey* *Presigned* Admin* InitiateAuth RespondToAuthChallenge
    PutBearerTokenAuthentication UpdateUserAttributes ConfirmForgot* ForgotPassword GlobalSignOut SignUp ConfirmSignUp ChangePassword
    GenerateEmbedUrl* GenerateRandom
  `,
};

const rights: Family = {
  class: "credential",
  names: `
    AddPermission* RemovePermission* *Permission *Permissions Grant* *Grant Revoke* CreateGrant RetireGrant RevokeGrant
    Authorize*Access Attach*Policy Detach*Policy *AccountAssignment* *PermissionSet* *RolePolicy *UserPolicy *GroupPolicy
    *AssumeRolePolicy *PermissionsBoundary AssociateRole* DisassociateRole* *TrustStore* *AccessPolicy *AccessEntry *AccessGrant*
    *Membership* *Invitation* *Invite* InviteUsers Share* Unshare* *ResourceShare* AcceptHandshake DeclineHandshake CancelHandshake
    InviteAccount* LeaveOrganization RemoveAccount* CloseAccount CreateAccountAssignment *DelegatedAdmin* *AdminAccount
    *AdministratorAccount* *OrganizationAdmin* *InstanceProfile* *IamInstance* *PodIdentity* UpdateRole UpdateUser CreateUser
    DeleteUser CreateRole DeleteRole CreateGroup DeleteGroup *UserToGroup *UserFromGroup *IdentityProvider* Associate*Role* AddRoleTo*
    RemoveRoleFrom* *RoleAlias *RoleToAccessors *RoleFromAccessors BatchAddRole BatchRemoveRole RegisterAdmin BatchCreateUser
    UpdateManagedInstanceRole *AccessPolicies *AccessScope *TrustedTokenIssuer *PolicyAssignment UpdateTrust CreateTrust
    *PermissionsV2 *PermissionStatement *SAMLProvider *OpenIDConnect* *TrustAnchor* *ServiceLinkedRole *AuthenticationProfile
    *AccountAlias TransferCertificate
  `,
};

const disarming: Family = {
  class: "disarm",
  names: `
    Put*Policy Set*Policy Delete*Policy Update*Policy Remove*Policy Put*Policies Delete*Policies Set*Policies *Retention*
    *PublicAccessBlock* Modify*Policy *Lifecycle* *TerminationProtection* *DeletionProtection* *DeleteProtection* *ResourcePolicy*
    *ObjectLock* *VaultLock* *LegalHold* *RecoveryPointLifecycle StopLogging *Trail StopConfigurationRecorder
    DeleteConfigurationRecorder StopMonitoring* *EventSelectors *InsightSelectors DisableAlarm* DeleteAlarms *FlowLogs DeleteLog*
    PutBucketLogging *BucketReplication *ReplicationConfiguration *BucketEncryption *EncryptionConfiguration *SecurityGroup*
    *NetworkAcl* Authorize*Ingress Authorize*Egress AuthorizeIpRules *IpAccess* *IPSet *WebACL *RuleGroup *FirewallRule*
    *FirewallPolicy *FirewallConfig* *FirewallDomains *Detector *PublishingDestination *Filter *SuppressionRule *Suppression*
    UpdateContinuousBackups UpdateTimeToLive *BackupPlan *BackupSelection *BackupVaultAccess* *SnapshotSchedule DisableSnapshotCopy
    *SnapshotBlock* *AutoBackup* StopBackup* DisableKeyRotation DisableSecurityHub DisableMacie DisableInspector Disable* Deactivate*
    Opt* *ServiceAccess *StackPolicy *DriftDetection* *ProtectedResource* Unlock* Suspend*Protection *Guardrail*
    DisassociateFromMaster* *Delegation* *ConfigRule *ConformancePack *RemediationConfiguration* *Rule*Override* *AnomalyMonitor
    *Budget *BudgetAction *StandardsControl BatchDisableStandards DeleteMonitor* DeleteInsightRules *DataProtectionPolicy
    *MetricFilter *SubscriptionFilter *KeyPolicy *PublicAccess *PublicAccess* *PublicPorts *ChangeProtection UpdateFirewall*
    *Protection *PolicyStore *PolicyTemplate *PolicyFor* *PolicyDisassociation *AccessControlRule UpdateSecurity*
    *EbsEncryptionByDefault *SerialConsoleAccess *ImageBlockPublicAccess *SnapshotBlockPublicAccess *ApiTermination* *Safety*
  `,
};

const publishing: Family = {
  class: "publish",
  names: `
    PutBucketAcl PutObjectAcl PutBucketWebsite ModifySnapshotAttribute ModifyImageAttribute ModifyDBSnapshotAttribute
    ModifyDBClusterSnapshotAttribute ModifyFpgaImageAttribute ResetSnapshotAttribute ResetImageAttribute ModifyDocumentPermission
    UpdateDashboardPermissions UpdatePublicSharingSettings SendEmail Send*Email SendMessages SendUsersMessages SendTextMessage
    SendVoiceMessage SendMediaMessage SendWhatsAppMessage AuthorizeDataShare *BucketOwnershipControls PutBucketCors
    ResetFpgaImageAttribute
  `,
};

const destroying: readonly Family[] = [
  // What a second call would make again, or what holds no data of its own.
  {
    class: "outage",
    names: `
      Delete*Rule Delete*Listener Delete*TargetGroup Delete*LoadBalancer Delete*Alias Delete*Schedule Delete*Subscription Delete*Tag*
      Untag* Remove*Tag* DeleteTags DeleteRoute DeleteRouteTable DeleteSubnet DeleteInternetGateway DeleteNatGateway DeleteDhcpOptions
      DeletePlacementGroup DeleteTargets* DeleteDashboards DeleteDashboard DeleteScalingPolicy DeleteScheduledAction DeleteMessage
      DeleteMessageBatch DeleteLaunchTemplate* DeleteLaunchConfiguration DeleteAutoScalingGroup DeleteEventSourceMapping
      DeleteBucketTagging DeleteObjectTagging DeleteBucketAnalytics* DeleteBucketMetrics* DeleteBucketInventory*
      DeleteBucketIntelligent* DeleteBucketWebsite DeleteBucketCors DeregisterTargets DeregisterInstances*
    `,
  },
  {
    class: "destroy",
    names: `
      BatchDelete* Batch*Delete* Delete* Terminate* Deregister* Destroy* Deprovision* Discard* Dispose* Expire* Forget*
      Schedule*Deletion StartBatchDelete* StartRemoteDelete StartOutpostDecommission StartActive*Deletion Start*Deletion*
      *DeletionTask* BulkDelete* Delete*s Abort* Release* Unregister* Deprecate* Redact* Leave* Close* Evict* Drain* DeleteObjects
      StartDelete* Retire* Withdraw* Cancel*Snapshot* Cancel*Backup* InvalidateProject* Lose* *Purge* Admin*Delete* Trim* Undeploy*
      StartResourceScanDeletion
    `,
  },
];

const wiping: Family = { class: "wipe", names: "Purge* Clear* ResetGraph ExecuteFastReset", many: true };

const restoring: Family = {
  class: "restore",
  names: `
    Restore* StartRestoreJob Rollback* Revert* Backtrack* Reset* RestartAppServer Import*Snapshot* ReplaceRootVolume*
    CreateReplaceRootVolumeTask *TimeTravel* ResumeReplicationFrom*
  `,
};

const executing: Family = {
  class: "exec",
  names: `
    Execute* BatchExecute* Invoke* SendCommand Send*Command* StartExecution StartSyncExecution StartAutomation* RunMicrovm ScheduleRun
    RunAssessment StartChangeRequest* RunTask StartTask RunJob* RunPipeline* StartJobRun* StartBuild* RetryBuild*
    StartPipelineExecution SubmitJob SubmitServiceJob StartQueryExecution StartQuery StartStatement* RunStatement* RunInstances
    RequestSpot* StartCode* CreateInvocation StartWorkflow* StartNotebookExecution SendTask* RunScheduledInstances CreateDeployment
    StartDeployment* StartPersistentApp* AddJobFlowSteps RunJobFlow RunCommand TestFunction Test* Evaluate* PartiQL* ExecuteStatement
    SendSteps* UpdateFunctionCode PublishLayerVersion StartFlow StartCrawler StartRemediation* StartCommandExecution
    StartCalculationExecution StartProtected* StartAssociationsOnce StartReplay StartTrigger StartBlueprintRun StartBatchJob
    StartNotebookRun StartRun StartRunBatch StartDataflow* RunDetection
  `,
};

const moving: readonly Family[] = [
  {
    class: "transfer",
    names: `
      Transfer* PushDomain *PrimaryEmail* *DomainTransfer* AcceptDomainTransfer* EnableAddressTransfer MoveAddressToVpc MoveAccount
      Move*Account* *Ownership* PromoteResource*
    `,
  },
  {
    class: "money",
    names: `
      Purchase* ProcessPayment SendBonus ApproveAssignment ApprovePaidSubscription RedeemCredits *ReservedInstances* *SavingsPlan
      *SavingsPlans Accept*Agreement* *Refund* RenewDomain MeterUsage BatchMeterUsage Buy* *Marketplace*Offer*
      CreateProvisionedModelThroughput *CapacityReservation* *HostReservation*
    `,
  },
];

/** Names that begin as others of another class do, and those of one service alone. */
const exceptions: readonly Family[] = [
  { class: "money", names: "RegisterDomain", apis: "route53domains" },
  { class: "write", names: "Checkout* CheckInLicense CheckpointDurableExecution Resolve*" },
  { class: "read", names: "StartQuery StopQuery", apis: "logs cloudtrail internetmonitor" },
];

const changing: Family = {
  class: "outage",
  names: `
    StartCutover StartRecovery StartFailback* StartExperiment StartRemoteMove Start*MitigationActionsTask StartInstanceRefresh
    StartChangeSet StartTaskExecution StartDataMigration StartReplicationTask StartReplication StartSchemaCreation StartSchemaMerge
    StartFlowFlush StartMessageMoveTask StartPlanExecution StartZonalShift StartAssetBundleImportJob StartPolicyAssociation
    ContinueUpdateRollback SubmitMultiRegionAccessPointRoutes UpdateFunctionConfiguration BatchReboot* BatchStop* BatchDisassociate* BatchReplace*
    BatchRemove* BatchReset* BatchSuspend* BatchToggle* BatchModify* UpdateUser* UpdateStage UpdateRestApi Stop* Reboot* Restart*
    Pause* Suspend* Failover* Switchover* Modify* Set* Change* Disassociate* Dissociate* Detach* Replace* Cancel* Remove* Unsubscribe*
    Disconnect* Shutdown* Swap* Promote* Demote* Resize* Decrease* Unassign* Unlink* Unmonitor* Reject* Decline* Deauthorize* Deny*
    Disallow* Override* Migrate* Merge* Rename* Move* Upgrade* Apply* Rebuild* Reload* Refresh* Redrive* Rebalance* Switch* Configure*
    Enter* Exit* PutObject PutItem UpdateItem BatchWriteItem TransactWriteItems CopyObject UploadPartCopy CompleteMultipartUpload
    BatchPut* PutRecords* PutThing* UpdateService UpdateCluster* UpdateAutoScalingGroup UpdateStack* UpdateTable* UpdateEnvironment
    UpdateDomain* UpdateDistribution UpdateApp* UpdateFileSystem UpdateBroker UpdateNode* UpdateGlobalTable* UpdateReplication*
    UpdateRecord* UpdateAlias UpdateTraffic* UpdateRouting* UpdateVirtual* Import* PutRestApi PutIntegration* PutMethod* PutTargets
    RemoveTargets PutRule PutScalingPolicy PutScheduled* UpdateSchedule UpdateEventSource* Split* Unpeer* Peer* Deploy* Undeprecate*
    Archive* Unarchive* Recall* Return* ReleaseHosts StopInstances PutAttributes PutDedicated* Clone* UpdateShardCount MergeShards
    UpdateStreamMode UpdateGlobal* UpdateInstance* UpdateVolume* UpdateVpc* UpdateRoute* UpdateDB* UpdateContainer*
  `,
};

const reading: Family = {
  class: "read",
  names: `${awsReads}
    Check* Calculate* Simulate* Validate* Detect* Analyze* Compare* Predict* Infer* Recognize* Translate* Synthesize* Forecast*
    Classify* Contains* Decode* Derive* Rank* Rerank* Rescore Render* Probe* ExportJournal Optimize* SampleChannelData Domain* Filter*
  `,
};

const writing: Family = {
  class: "write",
  names: `
    Create* Tag* Add* Register* Associate* Attach* Put* Update* Start* Enable* Send* Batch* Publish* Allocate* Request* Copy* Upload*
    Submit* Initiate* Complete* Accept* Confirm* Subscribe* Activate* Generate* Export* Post* Resume* Retry* Provision* Notify*
    Record* Report* Respond* Extend* Renew* Replicate* Assign* Claim* Prepare* Commit* Build* Continue* Define* Launch* Advertise*
    Signal* Resend* Approve* Increase* Join* Monitor* Index* Open* Take* Converse* Chat* Encrypt* Ingest* Label* Mark* Acknowledge*
    Dismiss* Connect* Begin* Write* Advance* Reserve* Populate* Checkpoint* Finalize* Checkout* Deliver* Process* Save* Install* Snap*
    Push* Issue* Reorder* Vote* Setup* Distribute* Instantiate* Insert* Redeem* Transact* Compose* Manage* Introspect* Initialize*
    Lock* Allow* Synchronize* Sync* Unlabel* Ungroup* Group* Convert* Reimport* Resync* Skip* Amend* GetShipping* Agentic*
  `,
};

/** In their order: what shows a secret before what only looks, and what ends a safeguard before what looks like a change. */
export const awsFamilies: readonly Family[] = [
  showing,
  ...exceptions,
  reading,
  credentials,
  ...moving,
  publishing,
  rights,
  disarming,
  wiping,
  { class: "write", names: "RollbackTransaction CommitTransaction BeginTransaction" },
  // A model answers: nothing of the account is changed by it, and agents are themselves such callers.
  { class: "read", names: "InvokeModel InvokeModelWithResponseStream Converse ConverseStream CountTokens", apis: "bedrock-runtime" },
  restoring,
  ...destroying,
  executing,
  changing,
  writing,
];

/** What every change is looked into for, whatever it is called. */
export const awsLooks: readonly FamilyLook[] = [
  ...[
    "DeletionProtection",
    "DeletionProtectionEnabled",
    "TerminationProtected",
    "EnableTerminationProtection",
    "TerminationProtection",
  ].map((name): FamilyLook => ({ at: `input **.${name}`, is: [false], class: "disarm", because: "deletion protection is switched off" })),
  { at: "input **.DisableApiTermination.Value", is: [false], class: "disarm", because: "termination protection is switched off" },
  { at: "input **.DisableApiTermination", is: [false], class: "disarm", because: "termination protection is switched off" },
  { at: "input **.BackupRetentionPeriod", is: [0], class: "disarm", because: "backups are kept no longer" },
  { at: "input **.SnapshotRetentionLimit", is: [0], class: "disarm", because: "snapshots are kept no longer" },
  { at: "input **.AutomatedSnapshotRetentionPeriod", is: [0], class: "disarm", because: "snapshots are kept no longer" },
  { at: "input **.PointInTimeRecoveryEnabled", is: [false], class: "disarm", because: "point-in-time recovery is switched off" },
  { at: "input **.PubliclyAccessible", is: [true], class: "publish", because: "it can be reached from the internet" },
  {
    at: "header x-amz-acl",
    is: ["public-read", "public-read-write", "authenticated-read"],
    class: "publish",
    because: "it lets others read it",
  },
  ...["read", "read-acp", "write", "write-acp", "full-control"].map(
    (name): FamilyLook => ({ at: `header x-amz-grant-${name}`, is: "present", class: "publish", because: "it lets others in" }),
  ),
  { at: "input **.MasterUserPassword", is: "present", class: "credential", because: "it sets the master password" },
];

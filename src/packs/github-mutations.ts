/**
 * Every mutation of GitHub's public schema that `github.ts` does not name, by class (247 mutations in July 2026);
 * `test/doors/mutations.test.ts` holds the lists to it.
 */
import { listedMutations } from "./mutations.ts";

export const githubMutations = listedMutations("https://api.github.com/graphql", [
  {
    class: "destroy",
    thing: "object",
    fields: `deleteDeployment deleteDiscussion deleteDiscussionComment deleteIssue deleteIssueComment deleteLabel deleteLinkedBranch
      deleteProject deleteProjectCard deleteProjectColumn deleteProjectV2 deleteProjectV2Field deleteProjectV2Item
      deleteProjectV2StatusUpdate deleteProjectV2Workflow deletePullRequestReview deletePullRequestReviewComment deleteTeamDiscussion
      deleteTeamDiscussionComment deleteUserList removeEnterpriseOrganization`,
  },
  {
    class: "disarm",
    thing: "safeguard",
    fields: `approveDeployments createBranchProtectionRule createIpAllowListEntry dismissPullRequestReview
      dismissRepositoryVulnerabilityAlert updateEnterpriseAllowPrivateRepositoryForkingSetting
      updateEnterpriseDefaultRepositoryPermissionSetting updateEnterpriseDeployKeySetting
      updateEnterpriseMembersCanChangeRepositoryVisibilitySetting updateEnterpriseMembersCanCreateRepositoriesSetting
      updateEnterpriseMembersCanDeleteIssuesSetting updateEnterpriseMembersCanDeleteRepositoriesSetting
      updateEnterpriseMembersCanInviteCollaboratorsSetting updateEnterpriseMembersCanMakePurchasesSetting
      updateEnterpriseMembersCanUpdateProtectedBranchesSetting updateEnterpriseMembersCanViewDependencyInsightsSetting
      updateEnterpriseOrganizationProjectsSetting updateEnterpriseRepositoryProjectsSetting updateEnterpriseTeamDiscussionsSetting
      updateEnterpriseTwoFactorAuthenticationDisallowedMethodsSetting updateEnterpriseTwoFactorAuthenticationRequiredSetting
      updateIpAllowListEnabledSetting updateIpAllowListEntry updateIpAllowListForInstalledAppsEnabledSetting
      updateNotificationRestrictionSetting updateOrganizationAllowPrivateRepositoryForkingSetting
      updateOrganizationWebCommitSignoffSetting updateRepositoryRuleset updateRepositoryWebCommitSignoffSetting`,
  },
  {
    class: "credential",
    thing: "access",
    fields: `acceptEnterpriseAdministratorInvitation acceptEnterpriseMemberInvitation accessUserNamespaceRepository
      addEnterpriseOrganizationMember addEnterpriseSupportEntitlement addVerifiableDomain approveVerifiableDomain
      cancelEnterpriseAdminInvitation cancelEnterpriseMemberInvitation createEnvironment createMigrationSource deleteEnvironment
      deleteVerifiableDomain grantEnterpriseOrganizationsMigratorRole grantMigratorRole inviteEnterpriseAdmin inviteEnterpriseMember
      regenerateEnterpriseIdentityProviderRecoveryCodes regenerateVerifiableDomainToken removeEnterpriseAdmin
      removeEnterpriseIdentityProvider removeEnterpriseMember removeEnterpriseSupportEntitlement removeOutsideCollaborator
      revokeEnterpriseOrganizationsMigratorRole revokeMigratorRole setEnterpriseIdentityProvider updateEnterpriseAdministratorRole
      updateEnterpriseOwnerOrganizationRole updateEnvironment updateProjectV2Collaborators updateTeamsRepository verifyVerifiableDomain`,
  },
  {
    class: "transfer",
    thing: "object",
    fields: "startOrganizationMigration startRepositoryMigration transferEnterpriseOrganization transferIssue",
  },
  { class: "publish", thing: "object", fields: "createSponsorsListing publishSponsorsTier unarchiveRepository" },
  {
    class: "money",
    thing: "sponsorship",
    fields: `cancelSponsorship createSponsorsTier createSponsorship createSponsorships retireSponsorsTier updatePatreonSponsorability
      updateSponsorshipPreferences`,
  },
  {
    class: "outage",
    thing: "setting",
    fields: `abortQueuedMigrations abortRepositoryMigration deleteIpAllowListEntry rejectDeployments setOrganizationInteractionLimit
      setRepositoryInteractionLimit setUserInteractionLimit`,
  },
  {
    class: "write",
    thing: "object",
    look: [
      { at: "argument **.visibility", is: ["PUBLIC"], class: "publish", because: "it makes something public" },
      { at: "argument **.public", is: [true], class: "publish", because: "it makes something public" },
    ],
    fields: `acceptTopicSuggestion addAssigneesToAssignable addDiscussionComment addDiscussionPollVote addLabelsToLabelable addProjectCard
      addProjectColumn addProjectV2DraftIssue addProjectV2ItemById addPullRequestReview addPullRequestReviewComment
      addPullRequestReviewThread addPullRequestReviewThreadReply addReaction addStar addSubIssue addUpvote archiveProjectV2Item
      changeUserStatus clearLabelsFromLabelable clearProjectV2ItemFieldValue cloneProject cloneTemplateRepository closeDiscussion closeIssue
      closePullRequest convertProjectCardNoteToIssue convertProjectV2DraftIssueItemToIssue convertPullRequestToDraft copyProjectV2
      createAttributionInvitation createCheckRun createCheckSuite createDeployment createDeploymentStatus createDiscussion
      createEnterpriseOrganization createLabel createLinkedBranch createProject createProjectV2 createProjectV2Field
      createProjectV2StatusUpdate createRef createRepository createRepositoryRuleset createTeamDiscussion createTeamDiscussionComment
      createUserList declineTopicSuggestion dequeuePullRequest disablePullRequestAutoMerge enablePullRequestAutoMerge enqueuePullRequest
      followOrganization followUser importProject linkProjectV2ToRepository linkProjectV2ToTeam linkRepositoryToProject lockLockable
      markDiscussionCommentAsAnswer markFileAsViewed markProjectV2AsTemplate markPullRequestReadyForReview mergeBranch minimizeComment
      moveProjectCard moveProjectColumn pinEnvironment pinIssue removeAssigneesFromAssignable removeLabelsFromLabelable removeReaction
      removeStar removeSubIssue removeUpvote reopenDiscussion reopenIssue reopenPullRequest reorderEnvironment reprioritizeSubIssue
      requestReviews rerequestCheckSuite resolveReviewThread revertPullRequest submitPullRequestReview unarchiveProjectV2Item
      unfollowOrganization unfollowUser unlinkProjectV2FromRepository unlinkProjectV2FromTeam unlinkRepositoryFromProject unlockLockable
      unmarkDiscussionCommentAsAnswer unmarkFileAsViewed unmarkIssueAsDuplicate unmarkProjectV2AsTemplate unminimizeComment unpinIssue
      unresolveReviewThread updateCheckRun updateCheckSuitePreferences updateDiscussion updateDiscussionComment updateEnterpriseProfile
      updateIssue updateIssueComment updateLabel updateProject updateProjectCard updateProjectColumn updateProjectV2
      updateProjectV2DraftIssue updateProjectV2Field updateProjectV2ItemFieldValue updateProjectV2ItemPosition updateProjectV2StatusUpdate
      updatePullRequest updatePullRequestBranch updatePullRequestReview updatePullRequestReviewComment updateSubscription
      updateTeamDiscussion updateTeamDiscussionComment updateTeamReviewAssignment updateTopics updateUserList updateUserListsForItem`,
  },
]);

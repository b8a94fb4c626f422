# A role that people reach through PAM (MOD-046) and in no other way, and the role beside it by which
# PAM ends sessions of it. Apply it in the account whose role is lent; docs/roles.md says what each
# part is for. The policies are those of docs/lending/pam-target-role.yaml, word by word. This file
# was read and compared, and never applied.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "pam_account" {
  type        = string
  description = "The account that PAM is deployed in"
}

variable "environment" {
  type        = string
  description = "PAM's environment, as in its cdk.json (prod, uat, dev)"
}

variable "resource" {
  type        = string
  description = "The id under which PAM's catalogue lends the role"
}

variable "role_name" {
  type        = string
  description = "The role's name, without its path, at most 51 characters"
}

variable "role_path" {
  type        = string
  default     = "/"
  description = "The role's path, with a slash at both ends"
}

# Policies that exist already: for_each has to know their ARNs when it plans.
variable "rights_policy_arns" {
  type        = set(string)
  description = "Managed policies that say what the role may do; inline policies of it belong to PAM"
}

data "aws_partition" "current" {}

# What no session of the role may do, whatever else it may: PAM compares it to the letter.
resource "aws_iam_policy" "boundary" {
  name        = "${var.role_name}-boundary"
  path        = "/pam/"
  description = "What no session of ${var.role_name} may do, whatever else it may"
  policy      = <<JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "*", "Resource": "*"},
    {"Effect": "Deny", "Action": "sts:*", "Resource": "*"},
    {"Effect": "Deny", "Action": ["iam:A*", "iam:B*", "iam:C*", "iam:D*", "iam:E*", "iam:F*",
      "iam:H*", "iam:I*", "iam:J*", "iam:K*", "iam:M*", "iam:N*", "iam:O*", "iam:Q*", "iam:R*",
      "iam:T*", "iam:U*", "iam:V*", "iam:W*", "iam:X*", "iam:Y*", "iam:Z*", "iam:Pr*", "iam:Pu*",
      "iam:Sa*", "iam:Se*", "iam:St*", "iam:Su*"],
      "NotResource": "arn:*:iam::*:role/aws-service-role/*"},
    {"Effect": "Deny", "Action": "iam:PassRole", "Resource": ["arn:*:iam::*:role/pam-*",
      "arn:*:iam::*:role/*-pam-revoker", "arn:*:iam::*:role${var.role_path}${var.role_name}",
      "arn:*:iam::*:policy/pam/*"]}
  ]
}
JSON
}

# No inline policy: those of this role are PAM's, which writes its denies there. Terraform leaves alone
# what it did not make.
resource "aws_iam_role" "lent" {
  name                 = var.role_name
  path                 = var.role_path
  description          = "Lent by PAM (MOD-046) as ${var.resource}"
  max_session_duration = 3600
  permissions_boundary = aws_iam_policy.boundary.arn
  assume_role_policy   = <<JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Principal": {"AWS": [
        "arn:${data.aws_partition.current.partition}:iam::${var.pam_account}:role/pam-${var.environment}-activator",
        "arn:${data.aws_partition.current.partition}:iam::${var.pam_account}:role/pam-${var.environment}-credential-issuer"
      ]},
      "Condition": {"StringLike": {"aws:RequestTag/pam:session_id": "?*", "sts:SourceIdentity": "?*"}}
    },
    {
      "Effect": "Allow",
      "Action": "sts:TagSession",
      "Principal": {"AWS": [
        "arn:${data.aws_partition.current.partition}:iam::${var.pam_account}:role/pam-${var.environment}-activator",
        "arn:${data.aws_partition.current.partition}:iam::${var.pam_account}:role/pam-${var.environment}-credential-issuer"
      ]},
      "Condition": {"StringLike": {"aws:RequestTag/pam:session_id": "?*"}}
    },
    {
      "Effect": "Allow",
      "Action": "sts:SetSourceIdentity",
      "Principal": {"AWS": [
        "arn:${data.aws_partition.current.partition}:iam::${var.pam_account}:role/pam-${var.environment}-activator",
        "arn:${data.aws_partition.current.partition}:iam::${var.pam_account}:role/pam-${var.environment}-credential-issuer"
      ]},
      "Condition": {"StringLike": {"sts:SourceIdentity": "?*"}}
    }
  ]
}
JSON

  # By it, leases know what they may not change.
  tags = { "pam:module" = "MOD-046" }
}

resource "aws_iam_role_policy_attachment" "rights" {
  for_each   = var.rights_policy_arns
  role       = aws_iam_role.lent.name
  policy_arn = each.value
}

resource "aws_iam_role" "revoker" {
  name                 = "${var.role_name}-pam-revoker"
  path                 = var.role_path
  description          = "Ends sessions of ${var.role_name} early, for PAM (MOD-046)"
  max_session_duration = 3600
  assume_role_policy   = <<JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Principal": {
        "AWS": "arn:${data.aws_partition.current.partition}:iam::${var.pam_account}:role/pam-${var.environment}-revocation"
      }
    }
  ]
}
JSON

  tags = { "pam:module" = "MOD-046" }
}

resource "aws_iam_role_policy" "revoker" {
  name   = "ends-sessions"
  role   = aws_iam_role.revoker.id
  policy = <<JSON
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["iam:DeleteRolePolicy", "iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies",
        "iam:PutRolePolicy"],
      "Resource": "${aws_iam_role.lent.arn}"
    },
    {
      "Effect": "Allow",
      "Action": ["iam:GetPolicy", "iam:GetPolicyVersion"],
      "Resource": "${aws_iam_policy.boundary.arn}"
    }
  ]
}
JSON
}

output "role_arn" {
  value = aws_iam_role.lent.arn
}

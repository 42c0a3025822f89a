# What an organization may read: package, layer and secret.

# A policy that lets the accounts of the organization do one thing with one resource; prints it.
organization_policy() {
    local sid=$1 action=$2 resource=$3 more=${4:-}
    printf '{"Sid": "%s", "Effect": "Allow", "Principal": "*", "Action": "%s", "Resource": "%s", ' "$sid" "$action" "$resource"
    printf '"Condition": {"StringEquals": {"aws:PrincipalOrgID": "%s"%s}}}' "$ORGANIZATION" "$more"
}

# Whether two policies say the same, however they are written.
same_policy() { python3 -c 'import json, sys; sys.exit(json.loads(sys.argv[1] or "0") != json.loads(sys.argv[2]))' "$1" "$2"; }

share_code() {
    local bucket="arn:$PARTITION:s3:::$ARTIFACTS" owner=(--bucket "$ARTIFACTS" --expected-bucket-owner "$ACCOUNT") wanted now
    wanted=$(printf '{"Version": "2012-10-17", "Statement": [%s, %s]}' \
        "$(organization_policy OrganizationReads s3:GetObject "$bucket/code/*")" \
        "$(printf '{"Sid": "OnlyOverTLS", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["%s", "%s"], %s}' \
            "$bucket" "$bucket/*" '"Condition": {"Bool": {"aws:SecureTransport": "false"}}')")
    now=$(ask NoSuchBucketPolicy s3api get-bucket-policy "${owner[@]}" --query Policy --output text)
    same_policy "$now" "$wanted" || {
        say "Opening the artifact bucket's code to the organization $ORGANIZATION"
        aws s3api put-bucket-policy "${owner[@]}" --policy "$wanted"
    }
}

share_layer() {
    local layer=(--layer-name "${LAYER_ARN%:*}" --version-number "${LAYER_ARN##*:}") now
    now=$(ask ResourceNotFoundException lambda get-layer-version-policy "${layer[@]}" --query Policy --output text)
    [[ $now == *"$ORGANIZATION"* ]] || {
        say "Opening the layer to the organization $ORGANIZATION"
        aws lambda add-layer-version-permission "${layer[@]}" --principal '*' --statement-id organization \
            --action lambda:GetLayerVersion --organization-id "$ORGANIZATION" > /dev/null
    }
}

# AWS's own key for secrets serves one account alone: a secret for others needs a key of one's own. Sets KEY_ARN.
secret_key() {
    local suffix policy manages='"kms:CancelKeyDeletion", "kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:DisableKey",
        "kms:EnableKey", "kms:EnableKeyRotation", "kms:Encrypt", "kms:GenerateDataKey", "kms:GetKeyPolicy",
        "kms:GetKeyRotationStatus", "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ReEncryptFrom", "kms:ReEncryptTo",
        "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateKeyDescription"'
    KEY_ARN=$(ask NotFoundException kms describe-key --key-id "alias/$SECRET_NAME" --query KeyMetadata.Arn --output text)
    if [ -z "$KEY_ARN" ]; then
        say "Creating the key alias/$SECRET_NAME"
        suffix=amazonaws.com
        [ "$PARTITION" != aws-cn ] || suffix=amazonaws.com.cn
        policy=$(printf '{"Version": "2012-10-17", "Statement": [%s, %s]}' \
            "{\"Sid\": \"AccountManages\", \"Effect\": \"Allow\", \"Principal\": {\"AWS\": \"arn:$PARTITION:iam::$ACCOUNT:root\"},
              \"Action\": [$manages], \"Resource\": \"*\"}" \
            "$(organization_policy OrganizationDecrypts kms:Decrypt '*' \
                ", \"kms:ViaService\": \"secretsmanager.$AWS_REGION.$suffix\"")")
        KEY_ARN=$(aws kms create-key --description "Qualys account of the Lambda scanner" --policy "$policy" \
            --query KeyMetadata.Arn --output text)
        aws kms enable-key-rotation --key-id "$KEY_ARN"
        aws kms create-alias --alias-name "alias/$SECRET_NAME" --target-key-id "$KEY_ARN"
    fi
}

share_secret() {
    local now wanted
    secret_key
    now=$(aws secretsmanager describe-secret --secret-id "$SECRET_NAME" --query KmsKeyId --output text)
    [ "$now" = "$KEY_ARN" ] || {
        say "Encrypting the secret with the key alias/$SECRET_NAME"
        aws secretsmanager update-secret --secret-id "$SECRET_NAME" --kms-key-id "$KEY_ARN" > /dev/null
    }
    wanted=$(printf '{"Version": "2012-10-17", "Statement": [%s]}' \
        "$(organization_policy OrganizationReads secretsmanager:GetSecretValue '*')")
    now=$(aws secretsmanager get-resource-policy --secret-id "$SECRET_NAME" --query ResourcePolicy --output text)
    [ "$now" != None ] || now=
    same_policy "$now" "$wanted" || {
        say "Opening the secret to the organization $ORGANIZATION"
        aws secretsmanager put-resource-policy --secret-id "$SECRET_NAME" --resource-policy "$wanted" \
            --block-public-policy > /dev/null
    }
}

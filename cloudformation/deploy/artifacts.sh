# Code and layer, where Lambda takes them from. Every call names whose bucket it has to be: another account could have
# taken the name before.

artifact_bucket() {
    local found region=()
    found=$(ask NoSuchBucket s3api get-bucket-location --bucket "$ARTIFACTS" --expected-bucket-owner "$ACCOUNT" --output text)
    if [ -z "$found" ]; then
        say "Creating the artifact bucket $ARTIFACTS"
        [ "$AWS_REGION" = us-east-1 ] || region=(--create-bucket-configuration "LocationConstraint=$AWS_REGION")
        aws s3api create-bucket --bucket "$ARTIFACTS" "${region[@]}" > /dev/null
    fi
    aws s3api put-public-access-block --bucket "$ARTIFACTS" --expected-bucket-owner "$ACCOUNT" \
        --public-access-block-configuration \
        BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true
}

hash_of() { sha256sum "$1" | cut -c1-64; }

# Uploads a file under its hash, once, and sets KEY. The name changes with the content, and so CloudFormation sees a change
# exactly when there is one.
upload() {
    local hash found
    hash=$(hash_of "$1")
    KEY=$2/$hash.zip
    found=$(ask '\(404\)' s3api head-object --bucket "$ARTIFACTS" --key "$KEY" --expected-bucket-owner "$ACCOUNT")
    if [ -z "$found" ]; then
        say "Uploading $1"
        aws s3api put-object --bucket "$ARTIFACTS" --key "$KEY" --body "$1" --expected-bucket-owner "$ACCOUNT" > /dev/null
    fi
}

# Publishes QScanner's layer, once per content, and sets LAYER_ARN to its version.
layer() {
    local hash description
    hash=$(hash_of build/qscanner-layer.zip)
    description="QScanner, sha256 $hash"
    LAYER_ARN=$(ask ResourceNotFoundException lambda list-layer-versions --layer-name "$STACK-qscanner" --output text \
        --query "LayerVersions[?Description=='$description'].LayerVersionArn")
    LAYER_ARN=${LAYER_ARN%%[[:space:]]*}
    if [ -z "$LAYER_ARN" ]; then
        upload build/qscanner-layer.zip layer
        say "Publishing the layer"
        LAYER_ARN=$(aws lambda publish-layer-version --layer-name "$STACK-qscanner" --description "$description" \
            --content "S3Bucket=$ARTIFACTS,S3Key=$KEY" --compatible-runtimes provided.al2023 \
            --compatible-architectures "$ARCHITECTURE" --query LayerVersionArn --output text)
    fi
}

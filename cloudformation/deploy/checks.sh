# What has to be there before anything is created.

check_tools() {
    command -v aws > /dev/null || stop "the AWS CLI is not installed: https://aws.amazon.com/cli/"
    command -v python3 > /dev/null || stop "Python 3 is not installed"
    [ -n "${AWS_REGION:-}" ] || stop "AWS_REGION is not set, for example: make deploy AWS_REGION=us-east-2"
    is_region "$AWS_REGION" || stop "AWS_REGION is no region: $AWS_REGION"
    export AWS_REGION AWS_DEFAULT_REGION=$AWS_REGION AWS_PAGER=""
    local said arn
    said=$(aws sts get-caller-identity --query '[Account,Arn]' --output text 2>&1) \
        || stop "AWS does not accept the credentials, or there is no region $AWS_REGION: ${said#$'\n'}"
    read -r ACCOUNT arn <<< "${said##*$'\n'}"
    PARTITION=$(cut -d: -f2 <<< "$arn")
    # A secret may have more in its name than a bucket.
    local name
    name=$(tr 'A-Z/_+=.@' 'a-z------' <<< "$SECRET_NAME")
    ARTIFACTS=${ARTIFACT_BUCKET:-$name-artifacts-$ACCOUNT-$AWS_REGION}
}

is_region() { [[ $1 =~ ^[a-z]{2}(-[a-z]+)+-[0-9]+$ ]]; }

check_qualys() {
    [ -n "${QUALYS_POD:-}" ] || stop "QUALYS_POD is not set, one of: $PODS"
    case " $PODS " in *" $QUALYS_POD "*) ;; *) stop "QUALYS_POD is none of: $PODS" ;; esac
    local name
    for name in "${!SECRET_FIELDS[@]}"; do
        case "${!name:-}" in *[[:cntrl:]]*) stop "$name has a line break or another control character" ;; esac
    done
    check_secret
}

# Sets ARCHITECTURE. A processor's programs do not run on the other; what is a script runs on both.
check_artifacts() {
    [[ $ARTIFACTS =~ ^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$ ]] \
        || stop "$ARTIFACTS cannot be the name of the artifact bucket: name another with ARTIFACT_BUCKET"
    check_package
    [ -f build/qscanner-layer.zip ] || stop "build/qscanner-layer.zip is not there: make layer"
    local layer
    layer=$(python3 cloudformation/deploy/architecture.py build/qscanner-layer.zip bin/qscanner)
    [ "${layer:-$ARCHITECTURE}" = "$ARCHITECTURE" ] \
        || stop "build/bootstrap.zip is for $ARCHITECTURE, build/qscanner-layer.zip for $layer: make both for the same"
}

check_package() {
    [ -f build/bootstrap.zip ] || stop "build/bootstrap.zip is not there: make package"
    ARCHITECTURE=$(python3 cloudformation/deploy/architecture.py build/bootstrap.zip bootstrap)
    ARCHITECTURE=${ARCHITECTURE:-$(uname -m | sed s/aarch64/arm64/)}
}

# Sets MORE to PARAMETERS of the command line, one an item: Name=Value, in quotes where there are spaces. Together with
# those given and those of before, one a line, they have to fit the template: check_parameters TEMPLATE BEFORE Name=Value...
check_parameters() {
    local template=cloudformation/$1 before=$2 items
    shift 2
    MORE=()
    PARAMETERS=${PARAMETERS:-}
    if [ -n "${PARAMETERS//[[:space:]]/}" ]; then
        items=$(xargs printf '%s\n' <<< "$PARAMETERS" 2> /dev/null) || stop "PARAMETERS has a quote that is not closed"
        mapfile -t MORE <<< "$items"
    fi
    python3 cloudformation/deploy/check_parameters.py "$template" "$@" "${MORE[@]}" <<< "$before"
}

# Sets ORGANIZATION and, where another account than the management account deploys, how StackSets have to be called.
check_organization() {
    local unit='(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32})' found manager
    [ -n "${ORG_UNIT_IDS:-}" ] || stop "ORG_UNIT_IDS is not set, for example ORG_UNIT_IDS=ou-ab12-34567890"
    ORG_UNIT_IDS=${ORG_UNIT_IDS// /,}
    [[ $ORG_UNIT_IDS =~ ^$unit(,$unit)*$ ]] \
        || stop "ORG_UNIT_IDS has to be ids of organizational units or a root, such as ou-ab12-34567890 or r-ab12"
    found=$(aws organizations describe-organization --output text --query 'Organization.[Id,MasterAccountId]' 2>&1) \
        || stop "this account is in no organization, or may not look at it: ${found#$'\n'}"
    read -r ORGANIZATION manager <<< "${found##*$'\n'}"
    CALL_AS=()
    [ "$manager" = "$ACCOUNT" ] || CALL_AS=(--call-as DELEGATED_ADMIN)
}

# Sets SPOKE_REGIONS: where the spokes' changes come from. The role in each account is made by the stack in the hub's region.
check_spoke_regions() {
    SPOKE_REGIONS=${SPOKE_REGIONS:-$AWS_REGION}
    SPOKE_REGIONS=${SPOKE_REGIONS//,/ }
    local region
    for region in $SPOKE_REGIONS; do is_region "$region" || stop "SPOKE_REGIONS has what is no region: $region"; done
    case " $SPOKE_REGIONS " in
        *" $AWS_REGION "*) ;;
        *) stop "SPOKE_REGIONS needs the hub's region $AWS_REGION too: the spokes' role is made there" ;;
    esac
}

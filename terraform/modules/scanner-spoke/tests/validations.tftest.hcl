# Bad input is refused, each with the sentence of its variable.
mock_provider "aws" {
  source          = "../../mocks"
  override_during = plan
}

run "nothing_is_right" {
  command = plan

  variables {
    name                     = "Spoke"
    hub_event_bus_arn        = "hub-spokes"
    hub_scanner_role_arn     = "arn:aws:iam::012345678912:root"
    external_id              = "short"
    spoke_role_name          = "role/name"
    role_region              = "everywhere"
    exclude_functions        = ["a b"]
    alarm_email              = "nobody"
    permissions_boundary_arn = "boundary"
  }

  expect_failures = [
    var.name, var.hub_event_bus_arn, var.hub_scanner_role_arn, var.external_id, var.spoke_role_name, var.role_region,
    var.exclude_functions, var.alarm_email, var.permissions_boundary_arn,
  ]
}

run "too_long_an_external_id" {
  command = plan

  variables {
    hub_event_bus_arn    = "arn:aws:events:us-east-1:012345678912:event-bus/hub-spokes"
    hub_scanner_role_arn = "arn:aws:iam::012345678912:role/hub-us-east-1"
    external_id          = join("", [for number in range(175) : "seven-x"])
  }

  expect_failures = [var.external_id]
}

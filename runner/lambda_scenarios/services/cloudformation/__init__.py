"""Templates of SAM, CloudFormation and the CDK as services; `template_service` is where to begin."""

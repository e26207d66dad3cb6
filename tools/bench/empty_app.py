"""An empty CDK app: one stack with one resource."""

import aws_cdk as cdk
from aws_cdk import aws_sns as sns

app = cdk.App()
sns.Topic(cdk.Stack(app, "Empty"), "Topic")
app.synth()

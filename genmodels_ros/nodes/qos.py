"""Quality of service that several nodes agree on; what one topic alone needs stands beside that topic."""

from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

# For what is said once, or seldom: who comes later still hears the last of it.
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL, reliability=ReliabilityPolicy.RELIABLE)

# For services: the default keeps ten requests and forgets the others without a word; a queue that is full shall say so.
REQUESTS = QoSProfile(depth=100)

# For /tf and /tf_static, as tf2's own listeners.
TF = QoSProfile(depth=100)
TF_STATIC = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)

# For streams of a simulated sensor: reliable, as that serves subscribers of either reliability.
SENSOR = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)

// What the settings say of how the queue is asked.

import Cluster
import Jobs

extension ClusterLimits {
    init(_ settings: ClusterSettings) {
        self.init()
        units = settings.units
        pollMilliseconds = Int(settings.pollSeconds * 1_000)
        fileMilliseconds = Int(settings.fileSeconds * 1_000)
    }
}

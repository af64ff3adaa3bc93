// Jobs for a cluster, and time that passes for them.

import Foundation
import Testing

func clusterManifest(_ name: String) -> Data {
    let text = """
        version: 1
        name: \(name)
        model: demo
        run_on: slurm
        compress: [{method: reverse, ratios: [0.25, 0.5]}]

        """
    return Data(text.utf8)
}

/// Lets time pass until something holds.
func pass(
    _ clock: ManualClock, until isSo: () -> Bool,
    sourceLocation: SourceLocation = #_sourceLocation
) async {
    let isReached = await eventually {
        if isSo() { return true }
        clock.advance(milliseconds: 5_000)
        return false
    }
    #expect(isReached, sourceLocation: sourceLocation)
}

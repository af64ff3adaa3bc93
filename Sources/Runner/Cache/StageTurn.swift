// Two jobs that need the same stage at the same time: the second waits until the first has computed
// it, and finds it in the cache then.

import Foundation
import Store

extension StageCache {
    /// Seconds between two looks.
    private static let lookSeconds = 0.2
    /// Whoever has the turn may have been stopped, by a person, and not ended. Then both compute.
    private static let patience = Duration.seconds(12 * 3_600)

    /// Waits for the turn at a stage. Only one is ever held: a stage that runs within another does
    /// not ask, so that no two processes wait for each other.
    /// - Returns: nil where the stage is computed without it.
    /// - Throws: what ends the job while it waits.
    func turn(at stage: some Stage, _ key: ActionKey) throws -> ActionTurn? {
        guard takesTurns, stage.isCacheable, !holdsTurn else { return nil }
        let end = ContinuousClock.now + Self.patience
        var isTold = false
        while ContinuousClock.now < end {
            // Where turns are not to be had, on a full disk for one, a stage is computed twice at
            // worst, and what is wrong with the store is told by what needs it.
            guard let answer = try? store.turn(at: key) else { return nil }
            switch answer {
            case .mine(let turn): return turn
            case .none: return nil
            case .others: break
            }
            if !isTold { progress.note("\(stage.name): another job computes this; waiting") }
            isTold = true
            try progress.checkpoint()
            Thread.sleep(forTimeInterval: Self.lookSeconds)
        }
        return nil
    }
}

// `rates.json` of a state folder: the rates of the machines that computed on it, each by what
// decides its speed.

import DurableIO
import Foundation
import JSON
package import Model
package import SystemPackage

/// Read anew each time: several processes learn. What one of them loses by that is a sample.
package struct RateFile: Sendable {
    private let path: FilePath
    private let machine: String

    /// Shorter stages say little about any speed.
    static let secondsMin = 0.1
    private static let bytesMax = 1 << 22

    private struct Contents: Codable {
        static let format = 1
        var format = Contents.format
        var machines: [String: Rates] = [:]
    }

    /// - Parameter machine: what decides the speed, in words.
    package init(state: FilePath, machine: String) {
        path = state.appending("rates.json")
        self.machine = machine
    }

    /// Of this machine, as it computes.
    init(state: FilePath, _ numerics: Numerics) {
        self.init(
            state: state,
            machine: "\(numerics.key.text) \(processorName() ?? "unknown processor")")
    }

    /// Nothing where the file is missing, damaged, or of another build: it is only a help.
    package var rates: Rates { contents.machines[machine] ?? Rates() }

    private var contents: Contents {
        guard let bytes = try? SmallFile.read(path, bytesMax: Self.bytesMax),
            let found = try? JSONDecoder().decode(Contents.self, from: Data(bytes)),
            found.format == Contents.format
        else { return Contents() }
        return found
    }

    package func learn(_ kind: String, _ work: Work, seconds: Double) throws {
        try update { $0.learn(kind, work, seconds: seconds) }
    }

    package func learn(_ speed: Rates.Speed) throws { try update { $0.speed = speed } }

    private func update(_ change: (inout Rates) -> Void) throws {
        var contents = contents
        change(&contents.machines[machine, default: Rates()])
        try DurableFile.write([UInt8](try JSONEncoder().encode(contents)), to: path)
    }
}

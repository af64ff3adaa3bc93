// How fast this machine is: from the stages it has computed, else measured, else guessed.

import Foundation
package import Model

/// Pure; `RateFile` keeps it.
package struct Rates: Sendable, Equatable, Codable {
    /// A stage that was computed, all of it.
    package struct Sample: Sendable, Equatable, Codable {
        package var work: Work
        package var seconds: Double

        package init(work: Work, seconds: Double) {
            self.work = work
            self.seconds = seconds
        }
    }

    /// Units a second.
    package struct Speed: Sendable, Equatable, Codable {
        package var operations: Double
        package var read: Double
        package var written: Double

        package init(operations: Double, read: Double, written: Double) {
            self.operations = operations
            self.read = read
            self.written = written
        }

        /// Of a core of a server with vectors of eight floats, and of its disk; a guess.
        package static func guessed(threads: Int) -> Speed {
            Speed(operations: 25e9 * Double(threads), read: 1e9, written: 2e8)
        }

        package func seconds(_ work: Work) -> Double {
            work.operations / operations + work.read / read + work.written / written
        }
    }

    /// What a prediction rests on, the best first.
    package enum Basis: String, Sendable, Codable {
        /// Stages of the same kind on this machine.
        case history
        /// The machine's speed.
        case measured
        case guess
    }

    /// nil until somebody measures.
    package var speed: Speed?
    /// By kind, the newest last.
    package var stages: [String: [Sample]] = [:]

    /// Samples of a kind that are kept, and those nearest in size that are asked.
    private static let samplesMax = 16
    private static let neighbours = 3

    package init() {}

    package mutating func learn(_ kind: String, _ work: Work, seconds: Double) {
        guard seconds.isFinite, seconds > 0 else { return }
        stages[kind, default: []].append(Sample(work: work, seconds: seconds))
        stages[kind] = stages[kind]?.suffix(Self.samplesMax)
    }

    /// Seconds of a stage. Of its kind those count that had about as much to do: products of small
    /// matrices are slower. The median is not moved by one that had to share the machine.
    package func seconds(
        _ kind: String, _ work: Work, threads: Int
    ) -> (seconds: Double, basis: Basis) {
        let machine = speed ?? .guessed(threads: threads)
        let plain = machine.seconds(work)
        guard plain > 0 else { return (0, .history) }
        let known = (stages[kind] ?? []).filter { machine.seconds($0.work) > 0 }
        let nearest = known.reversed()
            .map { (distance: abs(log(machine.seconds($0.work) / plain)), sample: $0) }
            .sorted { $0.distance < $1.distance }
            .prefix(Self.neighbours)
        let factors = nearest.map { $0.sample.seconds / machine.seconds($0.sample.work) }.sorted()
        if !factors.isEmpty { return (plain * factors[factors.count / 2], .history) }
        return (plain * otherKinds(machine), speed == nil ? .guess : .measured)
    }

    /// How much longer than by the machine's speed alone stages of any kind took: the median of
    /// the kinds' medians; 1 where none is known.
    private func otherKinds(_ machine: Speed) -> Double {
        let factors = stages.values.compactMap { samples -> Double? in
            let known = samples.filter { machine.seconds($0.work) > 0 }
                .map { $0.seconds / machine.seconds($0.work) }.sorted()
            return known.isEmpty ? nil : known[known.count / 2]
        }.sorted()
        return factors.isEmpty ? 1 : factors[factors.count / 2]
    }
}

// A last pass through a whole model: it comes nearer to the original on tokens that it has not
// seen, goes on where it was stopped to the same bytes, and says beforehand what it takes.

import Catalogue
import Checkpoint
import Foundation
import Model
import SystemPackage
import TensorMath
import TestSupport
import Testing
import Tokenizer

@testable import Compression

@Suite struct ModelHealingTests {
    /// Real text: steps on made-up tokens teach nothing that holds for others.
    private static let batch: PackedSequences = {
        let folder = Places.demoModel
        guard let json = try? Data(contentsOf: folder.appending(path: "tokenizer.json")),
            let text = try? String(
                contentsOf: folder.appending(path: "calibration.txt"), encoding: .utf8),
            let tokens = try? Tokenizer(json: [UInt8](json)).encode(String(text.prefix(8_000)))
        else { preconditionFailure("the example model lies in inbox-example") }
        return PackedSequences((0..<24).map { Array(tokens[$0 * 64..<($0 + 1) * 64]) })
    }()

    private static let kept = (0..<16).filter { $0 != 13 && $0 != 14 }

    private static func input(_ steps: Int, batch: PackedSequences = batch) throws -> MethodInput {
        let model = try Model(try Checkpoint(FilePath(Places.demoModel.path)))
        return MethodInput(
            parameters: Parameters([
                "heal_steps": .integer(steps), "heal_rate": .number(0.003),
            ]), weights: model.weights, batch: batch, mode: .float32)
    }

    private static func healing(_ input: MethodInput) throws -> Healing {
        var pass = try #require(HealingPass(input.parameters))
        pass.segment = 4
        return pass.requirement
    }

    /// Keeps copies; stops the pass behind a look if told.
    private final class Memory: HealingRecall {
        var states: [Int: HealingState] = [:]
        var stopsBehind: Int?

        struct Stopped: Error {}

        func state(behind step: Int) -> HealingState? { states[step] }

        func keep(_ state: HealingState, behind step: Int) throws {
            func copy(_ tensors: any ComputedTensors) throws -> WeightPatch {
                var all = WeightPatch()
                for layer in 0..<16 {
                    var patch = LayerPatch()
                    for (name, make) in tensors.tensors(ofLayer: layer) {
                        patch[name] = try make().copy()
                    }
                    all[layer] = patch
                }
                return all
            }
            states[step] = HealingState(
                looks: state.looks, tensors: try copy(state.tensors),
                best: try state.best.map(copy))
            if step == stopsBehind { throw Stopped() }
        }
    }

    private static func bytes(_ tensors: any ComputedTensors) throws -> [String: [Float]] {
        var all: [String: [Float]] = [:]
        for layer in 0..<16 {
            for (name, make) in tensors.tensors(ofLayer: layer) {
                all["\(layer) \(name)"] = try make().values()
            }
        }
        return all
    }

    @Test("dropped layers are made up for, on tokens that it has not learnt from")
    func heals() throws {
        let input = try Self.input(14)
        let found = try Self.healing(input).run(
            input, Self.kept, WeightPatch(), Memory(), SilentObserver())
        #expect(found.looks.map(\.step) == [0, 4, 8, 12, 14])
        let best = try #require(HealingLook.best(of: found.looks))
        #expect(best.heldBack < 0.9 * found.looks[0].heldBack)
        #expect(found.looks[0].fitted == nil && found.looks[1].fitted != nil)
        // Layers before the first that others went into are the original's.
        let layers = Set(try Self.bytes(found.tensors).keys.map { $0.prefix { $0 != " " } })
        #expect(layers == ["12", "13"])
    }

    @Test("a pass that was stopped behind any look goes on to the same bytes")
    func goesOn() throws {
        let input = try Self.input(10)
        let healing = try Self.healing(input)
        func run(_ memory: Memory) throws -> (tensors: any ComputedTensors, looks: [HealingLook]) {
            try healing.run(input, Self.kept, WeightPatch(), memory, SilentObserver())
        }
        let whole = try run(Memory())
        for step in [4, 8, 10] {
            let memory = Memory()
            memory.stopsBehind = step
            #expect(throws: Memory.Stopped.self) { try run(memory) }
            // What was stored last is all that is left, as where steps are too short to be kept.
            memory.states = memory.states.filter { $0.key == step }
            memory.stopsBehind = nil
            let rest = try run(memory)
            #expect(rest.looks == whole.looks)
            #expect(try Self.bytes(rest.tensors) == Self.bytes(whole.tensors), "behind \(step)")
        }
    }

    @Test("the best of all looks is given, wherever the pass went then, or was stopped")
    func givesTheBest() throws {
        let input = try Self.input(12)
        let memory = Memory()
        let healing = try Self.healing(input)
        memory.stopsBehind = 4
        #expect(throws: Memory.Stopped.self) {
            try healing.run(input, Self.kept, WeightPatch(), memory, SilentObserver())
        }
        // As if an earlier look had been better, with tensors of its own: it is never passed.
        let state = try #require(memory.states[4])
        var looks = state.looks
        looks[0].heldBack = 100
        looks[1].heldBack = 50
        looks.insert(HealingLook(step: 2, fitted: 1, heldBack: 0), at: 1)
        memory.states = [
            4: HealingState(looks: looks, tensors: state.tensors, best: state.tensors)
        ]
        memory.stopsBehind = nil
        let found = try healing.run(input, Self.kept, WeightPatch(), memory, SilentObserver())
        // 4 and 8 are no better than 2: the pass is spent.
        #expect(found.looks.map(\.step) == [0, 2, 4, 8])
        #expect(try Self.bytes(found.tensors) == Self.bytes(state.tensors))
    }

    @Test("the present is put aside where it is the best, before it moves on")
    func putsAside() throws {
        let input = try Self.input(12)
        let memory = Memory()
        let healing = try Self.healing(input)
        memory.stopsBehind = 4
        #expect(throws: Memory.Stopped.self) {
            try healing.run(input, Self.kept, WeightPatch(), memory, SilentObserver())
        }
        let state = try #require(memory.states[4])
        var looks = state.looks
        // No later look comes near it.
        looks[1].heldBack = 0
        memory.states = [4: HealingState(looks: looks, tensors: state.tensors, best: nil)]
        memory.stopsBehind = 8
        #expect(throws: Memory.Stopped.self) {
            try healing.run(input, Self.kept, WeightPatch(), memory, SilentObserver())
        }
        let kept = try #require(memory.states[8]?.best)
        #expect(try Self.bytes(kept) == Self.bytes(state.tensors))
        memory.states[4] = nil
        memory.stopsBehind = nil
        let found = try healing.run(input, Self.kept, WeightPatch(), memory, SilentObserver())
        #expect(found.looks.map(\.step) == [0, 4, 8, 12])
        #expect(try Self.bytes(found.tensors) == Self.bytes(state.tensors))
    }

    @Test("what is computed where no step gains is what was given")
    func givesBack() throws {
        let input = try Self.input(1)
        var patch = LayerPatch()
        patch["input_layernorm.weight"] = MatrixView(rows: 1, columns: 4)
        let computed = WeightPatch(patch, ofLayer: 3)
        let memory = Memory()
        memory.states = [
            1: HealingState(
                looks: [HealingLook(step: 0, heldBack: 1), HealingLook(step: 1, heldBack: 2)],
                tensors: try Self.healing(input).run(
                    input, Self.kept, WeightPatch(), Memory(), SilentObserver()
                ).tensors, best: nil)
        ]
        let found = try Self.healing(input).run(
            input, Self.kept, computed, memory, SilentObserver())
        #expect(try Self.bytes(found.tensors) == Self.bytes(computed))
    }

    @Test("obstacles are named before the work")
    func obstacles() throws {
        let few = PackedSequences(Array(repeating: [1, 2, 3], count: 7))
        let input = try Self.input(10, batch: few)
        let told = try Self.healing(input).obstacle(input, Self.kept)
        #expect(told?.contains("one in 8 calibration sequences is held back") == true)
        let enough = try Self.input(10)
        #expect(try Self.healing(enough).obstacle(enough, Array(0..<16)) == "no layer is folded")
        #expect(try Self.healing(enough).obstacle(enough, Self.kept) == nil)
        #expect(HealingPass(try Self.input(0).parameters) == nil)
    }

    @Test("operations that are told are those of the plan")
    func tells() throws {
        final class Heard: WorkObserver, @unchecked Sendable {
            var last = (done: 0, total: 0)
            func checkpoint() {}
            func progress(done: Int, total: Int, unit: String, detail: String) {
                last = (done, total)
            }
        }
        let input = try Self.input(6)
        let healing = try Self.healing(input)
        let heard = Heard()
        _ = try healing.run(input, Self.kept, WeightPatch(), Memory(), heard)
        let billions = healing.work(input, Self.kept).operations / 1e9
        #expect(Double(heard.last.total) == billions.rounded(.up))
        #expect(abs(heard.last.done - heard.last.total) <= 1)
        #expect(healing.peakByteCount(input, Self.kept) > 0)
    }
}

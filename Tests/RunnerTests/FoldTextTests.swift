// What a fold tells people of its costs and rivals.

import Compression
import Testing

@testable import Runner

@Suite struct FoldTextTests {
    @Test("costs that are no numbers are told in words")
    func costs() {
        #expect(FoldText.cost(0.125) == "0.125")
        #expect(FoldText.cost(StretchSelection.cost(.nan)) == "beyond any number")
        let broken = Rival(name: "drop", divergence: StretchSelection.cost(.nan))
        #expect(
            FoldText.rivals([broken, broken])
                .hasSuffix(": drop beyond any number, drop beyond any number"))
        let fold = Rival(name: "fold", divergence: 0.25, fitted: 0.125)
        #expect(FoldText.rivals([fold]).hasSuffix(": fold 0.250 (0.125 on some it was fitted to)"))
    }

    @Test("a last pass is told by its start and its best look, beside what it learnt from")
    func healing() {
        let looks = [
            HealingLook(step: 0, heldBack: 0.5),
            HealingLook(step: 48, fitted: 0.125, heldBack: 0.25),
            HealingLook(step: 96, fitted: 0.0625, heldBack: 0.375),
        ]
        let text = FoldText.healing(looks)
        #expect(text.contains("0.500 -> 0.250 behind step 48 of 96; 0.125 on what"), "\(text)")
        #expect(FoldText.healing([]) == "nothing was healed")
    }
}

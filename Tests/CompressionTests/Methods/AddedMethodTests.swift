// The method of docs/ADDING_A_METHOD.md, word for word: it plans, and asks for nothing.

import Foundation
import TestSupport
import Testing

@testable import Catalogue
@testable import Compression

extension MethodDeclaration {
    static let middle = Self(
        name: "middle",
        summary: "Drops the layers in the middle, keeping as many before as behind.",
        source: "docs/ADDING_A_METHOD.md",
        formula: "drop layers s ... s + k - 1, s = floor((L - k) / 2)")
}

extension Method {
    static let middle = Method(.middle) { input in
        let removed = try input.removed()
        let first = (input.count - removed) / 2
        let gone = first..<first + removed
        return .keeping((0..<input.count).filter { !gone.contains($0) }, of: input.count)
    }
}

@Suite struct AddedMethodTests {
    @Test func `the documented method drops the middle`() throws {
        let plan = try Method.middle.plan(
            PlanningInput(
                method: "middle", ratio: 0.5, parameters: .init(),
                kinds: Array(repeating: "a", count: 8), similarity: nil, removals: nil,
                searchedPlan: nil,
                patterns: nil, period: nil, keepsPeriod: false))
        #expect(plan.layers.map { $0.from[0].layer } == [0, 1, 6, 7])
        #expect(plan.removed == [2, 3, 4, 5])
        let requirements = Method.middle.requirements(.init())
        #expect(!requirements.similarity && requirements.weights == nil)
        #expect(requirements.removals == nil && requirements.search == nil)
    }

    @Test func `the page shows the method that is tested`() throws {
        let page = try String(
            contentsOf: Places.root.appending(path: "docs/ADDING_A_METHOD.md"), encoding: .utf8)
        let test = try String(contentsOf: URL(filePath: #filePath), encoding: .utf8)
        for block in ["extension MethodDeclaration {", "extension Method {"] {
            func body(_ text: String) -> [Substring] {
                guard let start = text.range(of: block) else { return [] }
                return text[start.lowerBound...].split(separator: "\n").prefix { $0 != "}" }.map {
                    $0.hasPrefix("    package ") ? "    " + $0.dropFirst(12) : $0
                }
            }
            #expect(body(page).count > 4)
            #expect(body(page) == body(test))
        }
    }
}

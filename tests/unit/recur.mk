unit_tests += tests/unit/test_recur_rule tests/unit/test_recur_iterator

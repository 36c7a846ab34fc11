# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# make mutate: breaks the code in each way that test/mutate/mutations lists, one at a
# time, and shows which test noticed. MUTATION=word tries only those with that word.

MUTATE_OBJ := $(patsubst %,$(PLAIN_DIR)/test/%.o,\
	$(sort $(shell sed -n 's/^@ [^:]*: \(hangs \)\?//p' test/mutate/mutations)))

.PHONY: mutate check-mutations
check: check-mutations
check-mutations: ## whether the code still has what `make mutate` breaks
	test/mutate/run --applies

mutate: $(MUTATE_OBJ) $(PLAIN_LIB) $(B)/libquietus.a ## break the code in many ways, and show which test notices
	@CC='$(CC)' FLAGS='$(subst ','\'',$(ALL_CFLAGS)) -Itest -Istage' CORE=$(B)/libquietus.a \
		test/mutate/run $(PLAIN_DIR) '$(MUTATION)'

-include $(MUTATE_OBJ:.o=.d) $(PLAIN_OBJ:.o=.d)

# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A program that translates one IOVA by table entries on its command line, and a
# file of cases for it.

TRANSLATE := $(B)/test/translate

$(TRANSLATE): test/translate/translate.c $(CORE_LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $^

.PHONY: check check-translate
check: check-translate
check-translate: $(TRANSLATE) ## table formats, case by case
	@test/translate/run $(TRANSLATE) test/translate/cases

-include $(TRANSLATE).d
